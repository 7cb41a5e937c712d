"""One timer for many things that wait: a timer for each of them costs more than it is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Look = Callable[[float], bool]
"""Looks at what waits, at this time of the loop, and says whether anything is left that does."""


class Looking:
    """Looks again and again, for as long as something waits."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._loop: asyncio.AbstractEventLoop | None = None

    def go_on(self, seconds: float) -> float:
        """Something waits from now on, and is looked at every so many seconds; returned is the loop's time.

        On a loop that was closed nobody looks any more.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(seconds, self._looked, loop, seconds)
        return loop.time()

    def _looked(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        if self._look(loop.time()):
            loop.call_later(seconds, self._looked, loop, seconds)
        else:
            self._loop = None
