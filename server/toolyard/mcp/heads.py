"""What the head of a request may have, and the look at connections whose next one does not come.

All of them are looked at together, now and then: a request costs no timer, and its connection keeps no time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

MOST_BYTES = 64 * 1024
PATIENCE = 30
"""Seconds until a head must be whole, from the opening of its connection or the end of the last answer.

They are counted in looks, one a second: while something holds the loop, nothing that came is read, and none is taken.
"""


class Answering(Protocol):
    """A request, as uvicorn's protocols keep it."""

    @property
    def response_complete(self) -> bool: ...


class Connection(Protocol):
    """What uvicorn's protocols have in common."""

    @property
    def cycle(self) -> Answering | None:
        """Of the last request whose head was whole."""

    def timeout_keep_alive_handler(self) -> None:
        """Close it, when what was written has been sent."""


@dataclass(frozen=True, slots=True)
class _Wait:
    after: Answering | None
    looks: int = 0


class SlowHeads:
    """Knows which connections wait for a head, and for how many looks."""

    def __init__(self) -> None:
        self._waits: dict[Connection, _Wait] = {}

    def look(self, connections: Collection[Connection]) -> None:
        waiting = (each for each in connections if each.cycle is None or each.cycle.response_complete)
        self._waits = {connection: self._wait(connection) for connection in waiting}
        for connection, wait in self._waits.items():
            if wait.looks >= PATIENCE:
                connection.timeout_keep_alive_handler()

    def _wait(self, connection: Connection) -> _Wait:
        known = self._waits.get(connection)
        if known is None or known.after is not connection.cycle:
            return _Wait(connection.cycle)
        return _Wait(known.after, known.looks + 1)
