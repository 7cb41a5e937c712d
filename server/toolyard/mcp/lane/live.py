"""The exchanges whose calls are under way."""

from __future__ import annotations

from toolyard.mcp.lane.exchange import End, Exchange
from toolyard.mcp.looking import Looking

PATIENCE = 0.1
"""Seconds after which a call is slow, so that somebody watches whether its client is still there."""


class Live:
    """Exchanges in the order in which they began, each with its time, until they are slow and watched."""

    def __init__(self) -> None:
        self._young: dict[Exchange, float] = {}
        self._slow: set[Exchange] = set()
        self._looking = Looking(self._look)

    def add(self, exchange: Exchange) -> None:
        self._young[exchange] = self._looking.go_on(PATIENCE)

    def remove(self, exchange: Exchange) -> None:
        if self._young.pop(exchange, None) is None:
            self._slow.discard(exchange)

    def end(self, why: End) -> None:
        """End every one."""
        for exchange in (*self._young, *self._slow):
            exchange.end(why)

    def _look(self, now: float) -> bool:
        for exchange in [each for each, began in self._young.items() if began <= now - PATIENCE]:
            del self._young[exchange]
            self._slow.add(exchange)
            exchange.watch()
        return bool(self._young)
