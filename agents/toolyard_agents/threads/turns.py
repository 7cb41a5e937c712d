"""One at a time, in the order of asking."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class _Queue:
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    users: int = 0


@dataclass(slots=True)
class Turns:
    """Queues by key; one that nobody is in is forgotten."""

    _queues: dict[Hashable, _Queue] = field(default_factory=dict[Hashable, _Queue], repr=False)

    @asynccontextmanager
    async def taken(self, key: Hashable) -> AsyncGenerator[None]:
        """Wait for one's turn, and have it."""
        queue = self._queues.setdefault(key, _Queue())
        queue.users += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[key]
