"""A model whose answers come in the pieces that a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.usage import NOTHING, Usage


@dataclass
class Pieces:
    """A model that gives these pieces, answer by answer."""

    answers: list[Sequence[Piece | Exception]]
    name: str = "pieces"
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        self.requests.append(request)
        for piece in self.answers.pop(0):
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""


DONE = Finished(reason="stop", usage=NOTHING)
