"""The pause of a run, with all the runs that it delegates to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from toolyard_agents.session.emitting import Emitter


def nothing() -> None:
    """No news: nobody outside can steer the run."""


class Pause:
    """Once it is `ordered`, each run waits where it next calls `wait_out`: what it is at by then is finished first.

    `look` brings news from outside, and is called wherever a run could wait.
    """

    def __init__(self) -> None:
        self.look: Callable[[], None] = nothing
        self._going = asyncio.Event()
        self._going.set()
        self._waiting = 0
        self._since = 0.0
        self._length = 0.0

    @property
    def ordered(self) -> bool:
        return not self._going.is_set()

    @property
    def holds(self) -> bool:
        """Whether a run waits."""
        return self._waiting > 0

    def clock(self) -> float:
        """Seconds that pass only while no run waits."""
        return (self._since if self.holds else time.monotonic()) - self._length

    def order(self) -> None:
        self._going.clear()

    def end(self) -> None:
        self._going.set()

    async def wait_out(self, emitter: Emitter) -> None:
        """Wait for as long as the pause is; the first that waits tells that it began, and the last that it is over."""
        self.look()
        if not self.ordered:
            return
        self._enter()
        try:
            if self._waiting == 1:
                await emitter.emit("custom", content="paused")
            while self.ordered:
                await self._going.wait()
        finally:
            self._leave()
        if not self.holds:
            await emitter.emit("custom", content="resumed")

    def _enter(self) -> None:
        if not self.holds:
            self._since = time.monotonic()
        self._waiting += 1

    def _leave(self) -> None:
        self._waiting -= 1
        if not self.holds:
            self._length += time.monotonic() - self._since
