"""How long to wait before what ended is started again: longer each time, until it has lived a while."""

from __future__ import annotations

FIRST = 0.1
LONGEST = 5.0
STEADY = 10.0
"""Seconds, as those above: what lived as long ended for another reason than the one before it."""


class Pauses:
    """The pauses of one place that is filled again and again."""

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, lived: float) -> float:
        """The seconds to wait now, after what lived this long; 0 for what could not be started at all."""
        now = FIRST if lived >= STEADY else self._next
        self._next = min(2 * now, LONGEST)
        return now
