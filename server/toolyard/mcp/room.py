"""How much one client over stdio may have under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MOST = 1000
"""Requests under way: a client has some dozens, and each costs some 20 kB."""
MOST_UNREAD = 2 * MOST
"""What is beyond `MOST` are answers that the client does not read; with so many, nothing more is read from it."""
MOMENT = 0.5
"""Seconds in which none of them ends, after which they are long ones."""

FULL = f"{MOST} requests of this client are under way, which is the most there may be; wait for some, or cancel them"


class Room:
    """Has room for the requests of one client.

    When it is full, reading is held for a moment, so that of many short calls none is refused. If none of them ends in
    it, reading goes on: calls are refused then, while a cancellation or a ping gets through.
    """

    def __init__(self, hold: Callable[[], None], go_on: Callable[[], None]) -> None:
        self._hold = hold
        self._go_on = go_on
        self._inside = 0
        self._moment: asyncio.TimerHandle | None = None
        self._over = False

    @property
    def is_full(self) -> bool:
        return self._inside >= MOST

    def enter(self) -> None:
        """A request is under way."""
        self._inside += 1
        if self._inside >= MOST_UNREAD:
            self._hold()
        elif self._inside >= MOST and not self._over and self._moment is None:
            self._hold()
            self._moment = asyncio.get_running_loop().call_later(MOMENT, self._moment_over)

    def leave(self) -> None:
        """It was answered."""
        self._inside -= 1
        if self._inside == MOST - 1:
            self._over = False
            if self._moment is not None:
                self._moment.cancel()
                self._moment = None
            self._go_on()
        elif self._inside == MOST_UNREAD - 1 and self._over:
            self._go_on()

    def _moment_over(self) -> None:
        self._moment, self._over = None, True
        if self._inside < MOST_UNREAD:
            self._go_on()
