"""Naming the handler that blocks the event loop, while it does."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from threading import Event, Thread, get_ident

PATIENCE = 5.0
"""Seconds the event loop may be silent."""

log = logging.getLogger("toolyard")


@contextmanager
def watched(running: Mapping[object, str], patience: float = PATIENCE) -> Generator[None]:
    """Log a warning whenever the running event loop does not answer for `patience` seconds.

    `running` holds the tools under way, as `Gate.running` does. Enter it on the event loop.
    """
    loop, over = asyncio.get_running_loop(), Event()
    args = (loop, get_ident(), running, patience, over)
    Thread(target=_watch, args=args, daemon=True, name="toolyard-watchdog").start()
    try:
        yield
    finally:
        over.set()


def _watch(
    loop: asyncio.AbstractEventLoop, thread: int, running: Mapping[object, str], patience: float, over: Event
) -> None:
    while not over.wait(patience / 2):
        beat = Event()
        try:
            loop.call_soon_threadsafe(beat.set)
        except RuntimeError:
            return  # the loop is closed
        if not beat.wait(patience):
            tools = ", ".join(sorted(set(running.values()))) or "none"
            log.warning("the event loop is blocked, calls under way: %s; it is at %s", tools, _place(thread))
            beat.wait()


def _place(thread: int) -> str:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the documented way to another thread's stack
    if frame is None:
        return "an unknown place"
    last = traceback.extract_stack(frame)[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
