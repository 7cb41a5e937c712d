"""Fakes for your own tests: they implement Toolyard's Protocols."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from toolyard_agents.errors import ModelError
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, FinishReason, ModelRequest, Piece, TextPiece
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.ledger.ledger import NoLedger

__all__ = ["FakeModel", "MemoryLedger", "NoLedger", "ScriptedApprover"]


@dataclass(slots=True)
class MemoryLedger:
    """A ledger in memory; `records` are in the order they were written."""

    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def open(self) -> None:
        """Nothing is opened."""

    def append(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class ScriptedApprover:
    """Answers each ask with the next of `answers`, then with no; `asked` holds the asks."""

    answers: list[bool]
    asked: list[Ask] = field(default_factory=list[Ask])

    def __call__(self, ask: Ask) -> bool:
        self.asked.append(ask)
        return self.answers.pop(0) if self.answers else False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    text: str
    calls: tuple[tuple[str, str], ...] = ()
    error: Exception | None = None
    reason: FinishReason = "stop"
    usage: Usage = NOTHING
    delay: float = 0.0


class FakeModel:
    """A model that gives the answers it was told, each once and in order, to whoever asks next.

    A text is streamed word by word. `requests` holds what it was asked, in order; `closed` says that its owner closed
    it. It is free, unless a usage says what it cost.

    Example:
        >>> model = FakeModel()
        >>> model.add_tool_calls([("add", {"a": 1, "b": 2})])
        >>> model.add_response("It is 3.")
    """

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.requests: list[ModelRequest] = []
        self.closed = False
        self._script: deque[_Answer] = deque()
        self._calls = 0

    def add_response(
        self, text: str, usage: Usage | None = None, delay: float = 0, *, reason: FinishReason = "stop"
    ) -> None:
        """Answer with a text, after so many seconds."""
        self._script.append(_Answer(text=text, usage=usage or NOTHING, delay=delay, reason=reason))

    def add_tool_calls(
        self,
        calls: Iterable[tuple[str, Mapping[str, Any] | str]],
        text: str = "",
        usage: Usage | None = None,
        delay: float = 0,
    ) -> None:
        """Ask for calls, each a tool's name and its arguments. Arguments that are a text are sent as they are."""
        written = tuple((name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls)
        self._script.append(_Answer(text=text, calls=written, usage=usage or NOTHING, delay=delay, reason="tool_calls"))

    def add_error(self, error: Exception, text: str = "", delay: float = 0) -> None:
        """Raise an error, after a text that was already streamed."""
        self._script.append(_Answer(text=text, error=error, delay=delay))

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        """The next answer.

        Raises:
            ModelError: there is none left.
        """
        self.requests.append(request)
        if not self._script:
            raise ModelError(
                f"the script of this fake model is used up: {self.name!r} was asked {len(self.requests)} times; "
                "add an answer for each question"
            )
        answer = self._script.popleft()
        await anyio.sleep(answer.delay)
        for word in re.findall(r"\s*\S+|\s+", answer.text):
            yield TextPiece(word)
        if answer.error is not None:
            raise answer.error
        for name, arguments in answer.calls:
            self._calls += 1
            yield ToolRequest(id=f"call_{len(request.messages)}_{self._calls}", name=name, arguments=arguments)
        yield Finished(reason=answer.reason, usage=answer.usage)

    def cost(self, usage: Usage) -> float | None:
        """What the usage itself says."""
        return usage.cost

    async def aclose(self) -> None:
        self.closed = True
