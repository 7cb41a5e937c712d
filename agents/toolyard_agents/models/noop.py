"""The model that says nothing: it shows what everything around a model does and costs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.usage import NOTHING, Usage


class NoopModel:
    """Answers with an empty text and calls nothing."""

    name = "noop"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        yield Finished(reason="stop", usage=NOTHING)

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""
