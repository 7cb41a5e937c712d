"""The exchanges whose calls are under way. One clock is for all: a timer for each call costs more than it is worth."""

from __future__ import annotations

import asyncio

from toolyard.mcp.lane.exchange import End, Exchange

PATIENCE = 0.1
"""Seconds after which a call is slow, so that somebody watches whether its client is still there."""


class Live:
    """Exchanges in the order in which they began, each with its time, until they are slow and watched."""

    def __init__(self) -> None:
        self._young: dict[Exchange, float] = {}
        self._slow: set[Exchange] = set()
        self._clock: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, exchange: Exchange) -> None:
        loop = asyncio.get_running_loop()
        self._young[exchange] = loop.time()
        if self._clock is None or self._loop is not loop:
            self._loop, self._clock = loop, loop.call_later(PATIENCE, self._look, loop)

    def remove(self, exchange: Exchange) -> None:
        if self._young.pop(exchange, None) is None:
            self._slow.discard(exchange)

    def end(self, why: End) -> None:
        """End every one."""
        for exchange in (*self._young, *self._slow):
            exchange.end(why)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        late = loop.time() - PATIENCE
        for exchange in [each for each, began in self._young.items() if began <= late]:
            del self._young[exchange]
            self._slow.add(exchange)
            exchange.watch()
        self._clock = loop.call_later(PATIENCE, self._look, loop) if self._young else None
