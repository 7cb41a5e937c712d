"""What a model is asked, what it answers piece by piece, and the Protocol between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.usage import Usage

FinishReason = Literal["stop", "tool_calls", "length", "content_filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTool:
    """A tool as a model sees it; `parameters` is a JSON Schema with an object at the root."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """How the model should answer; None leaves it to the provider."""

    reasoning_effort: str | None = None
    service_tier: str | None = None
    response_format: dict[str, Any] | None = None


DEFAULT_SETTINGS = ModelSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One question to a model: the whole conversation, and the tools it may ask for."""

    messages: tuple[Message, ...]
    tools: tuple[OfferedTool, ...] = ()
    settings: ModelSettings = DEFAULT_SETTINGS


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningPiece:
    """A piece of what the model thinks aloud; it is no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of an answer, which every answer has. `model` is the one that answered, where its server says so."""

    reason: FinishReason
    usage: Usage
    model: str | None = None


Piece = TextPiece | ReasoningPiece | ToolRequest | Finished


class Model(Protocol):
    """A model, shared by whoever asks it. `name` is what its provider calls it."""

    @property
    def name(self) -> str: ...

    def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        """The answer, piece by piece; each tool request whole, the last piece `Finished`.

        Leaving the iterator (`aclose`) or being cancelled ends the request.

        Raises:
            ModelError: it cannot be asked, or its answer broke off.
        """
        ...

    def cost(self, usage: Usage) -> float | None:
        """What that usage costs, in US dollars; None when the price is not known. `Finished.usage` has it filled in."""
        ...

    async def aclose(self) -> None:
        """Give back what is open; called by whoever made the model."""
        ...
