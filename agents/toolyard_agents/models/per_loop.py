"""A client for each event loop, since none can serve two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

Client = TypeVar("Client")


@dataclass(slots=True)
class _Slot(Generic[Client]):
    opening: anyio.Lock = field(default_factory=anyio.Lock)
    kept: AsyncGenerator[Client] | None = None
    client: Client | None = None


class PerLoop(Generic[Client]):
    """Opens a client when a loop first asks for it, and closes it in that same loop: by `aclose`, or when it ends."""

    def __init__(self, opened: Callable[[], Awaitable[Client]], closed: Callable[[Client], Awaitable[None]]) -> None:
        self._opened = opened
        self._closed = closed
        self._slots: dict[asyncio.AbstractEventLoop, _Slot[Client]] = {}

    async def get(self) -> Client:
        """The client of the running loop."""
        for ended in [loop for loop in list(self._slots) if loop.is_closed()]:
            self._slots.pop(ended, None)
        slot = self._slots.setdefault(asyncio.get_running_loop(), _Slot())
        async with slot.opening:
            if slot.client is None:
                kept = self._keep()
                slot.client, slot.kept = await anext(kept), kept
            return slot.client

    async def aclose(self) -> None:
        """Close the client of the running loop. One that is asked for later is a new one."""
        slot = self._slots.pop(asyncio.get_running_loop(), None)
        if slot is not None and slot.kept is not None:
            await slot.kept.aclose()

    async def _keep(self) -> AsyncGenerator[Client]:
        """A loop finishes its generators before it ends, so the client is closed even if its owner forgets it."""
        client = await self._opened()
        try:
            yield client
        finally:
            await self._closed(client)
