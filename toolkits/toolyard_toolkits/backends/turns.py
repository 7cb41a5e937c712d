"""One after the other: between looking at a file and replacing it, no other tool replaces it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager

from toolyard_toolkits.backends.refusals import refusal

PATIENCE = 5.0
"""Seconds. A turn takes milliseconds, so whoever holds the folder for longer is no tool."""
PAUSE = 0.005


@contextmanager
def turn(path: str, folder: int, *, patience: float = PATIENCE) -> Generator[None]:
    """Hold the folder's lock, which every thread and process that writes through a `Directory` takes.

    Raises:
        ToolError: somebody else holds it, and does not let go.
    """
    locked = _lock(path, folder, patience)
    try:
        yield
    finally:
        if locked:
            fcntl.flock(folder, fcntl.LOCK_UN)


def _lock(path: str, folder: int, patience: float) -> bool:
    """Whether this file system has such locks, now that ours is taken."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                reason = "another program keeps this folder locked, so the file cannot be replaced; try again later"
                raise refusal(path, reason) from error
            time.sleep(PAUSE)
        except OSError:
            return False
        else:
            return True
