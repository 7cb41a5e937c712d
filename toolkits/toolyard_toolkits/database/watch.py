"""Ending a statement at its database when its call is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

LOOK = 0.05
"""Seconds between two looks at whether the call is over."""
PATIENCE = 0.6
"""Seconds that a database has to heed its cancellation before the connection is severed."""

log = logging.getLogger("toolyard")


class Watch:
    """A thread beside the one that waits for the database; a blocked driver hears of nothing by itself.

    `over` says whether the call was cancelled. Once it was, or `seconds` have passed, `cancel` is called until the
    statement ends, and `sever` if it does not. `fired` says that it came to that.
    """

    def __init__(
        self, seconds: float, over: Callable[[], bool], cancel: Callable[[], None], sever: Callable[[], None]
    ) -> None:
        self._until = monotonic() + seconds
        self._over = over
        self._cancel = cancel
        self._sever = sever
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True, name="toolyard-database-watch")
        self.fired = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()  # a cancellation on its way must not meet the connection's next statement

    @property
    def left(self) -> float:
        return self._until - monotonic()

    def _watch(self) -> None:
        while not self._done.wait(LOOK):
            if self.left <= 0 or self._over():
                self.fired = True
                self._end()
                return

    def _end(self) -> None:
        patience = monotonic() + PATIENCE
        while monotonic() < patience:
            self._try(self._cancel)
            if self._done.wait(LOOK * 2):
                return
        self._try(self._sever)
        while not self._done.wait(LOOK):  # SQLite hears nothing between two statements
            self._try(self._sever)

    def _try(self, end: Callable[[], None]) -> None:
        try:
            end()
        except Exception as error:  # noqa: BLE001 - a driver's, of a connection that may be gone by now
            log.debug("a statement could not be ended: %s", type(error).__name__)
