"""What stands between a run and where its texts go: a model, a store of results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from toolyard_agents.hooks.redaction import Redaction
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.asking import asked
from toolyard_agents.models.model import Model, ModelRequest, Piece
from toolyard_agents.models.provider import provider_of
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.references.store import ReferenceStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedModel:
    """A model that is shown redacted messages; who made the model closes it."""

    model: Model
    redaction: Redaction

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def provider(self) -> str:
        return provider_of(self.model)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        shown = replace(request, messages=tuple(map(self._shown, request.messages)))
        async with asked(self.model, shown) as pieces:
            async for piece in pieces:
                yield piece

    def cost(self, usage: Usage) -> float | None:
        return self.model.cost(usage)

    async def aclose(self) -> None:
        await self.model.aclose()

    def _shown(self, message: Message) -> Message:
        calls = tuple(redacted_call(self.redaction, call) for call in message.tool_calls)
        return replace(message, content=self.redaction.json(message.content), tool_calls=calls)


def redacted_call(redaction: Redaction, call: ToolRequest) -> ToolRequest:
    """A call whose arguments are redacted; its id, which an answer is found by, is the provider's own."""
    return replace(call, name=redaction.text(call.name), arguments=redaction.json(call.arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedReferences:
    """A store of results that are too long, which keeps them redacted."""

    store: ReferenceStore
    redaction: Redaction

    async def keep(self, caller: Caller, text: str) -> str:
        return await self.store.keep(caller, self.redaction.json(text))

    async def text(self, caller: Caller, id: str) -> str:
        return await self.store.text(caller, id)
