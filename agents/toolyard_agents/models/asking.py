"""Taking an answer in a way that always ends the request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from toolyard_agents.models.model import Model, ModelRequest, Piece


@asynccontextmanager
async def asked(model: Model, request: ModelRequest) -> AsyncGenerator[AsyncIterator[Piece]]:
    """The pieces of one answer. Leaving the block ends the request, also when pieces are left."""
    pieces = model.stream(request)
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
