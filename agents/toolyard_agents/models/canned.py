"""The model that always says the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from toolyard_agents.models.model import Finished, ModelRequest, Piece, TextPiece
from toolyard_agents.usage import NOTHING, Usage


class CannedModel:
    """Streams one text, word by word, whatever it is asked, and calls nothing."""

    name = "canned"

    def __init__(self, response: str) -> None:
        self._words = re.findall(r"\s*\S+|\s+", response)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        for word in self._words:
            yield TextPiece(word)
        yield Finished(reason="stop", usage=NOTHING)

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""
