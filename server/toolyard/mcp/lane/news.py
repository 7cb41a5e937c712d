"""The news of a runtime, for a client that is told by notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from toolyard.mcp.lane.encoding import notification
from toolyard_kernel.changes import Change, Changes, ListChanged


@contextmanager
def news_told(source: Changes, tell: Callable[[bytes], None]) -> Generator[None]:
    """Call `tell` on this event loop with each list that changed; changes that come in one burst are told once."""
    loop = asyncio.get_running_loop()
    waiting: dict[Change, None] = {}

    def told() -> None:
        for change in tuple(waiting):
            del waiting[change]
            if isinstance(change, ListChanged):
                tell(notification(f"notifications/{change.of}/list_changed"))

    def note(change: Change) -> None:
        if not waiting:
            loop.call_soon(told)
        waiting[change] = None

    def heard(change: Change) -> None:
        try:
            loop.call_soon_threadsafe(note, change)
        except RuntimeError:
            return  # the loop is closed: nobody is left to be told

    stop = source.listen(heard)
    try:
        yield
    finally:
        stop()
