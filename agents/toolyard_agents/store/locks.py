"""Who drives a session: one at a time, in whatever process."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from contextlib import suppress

from toolyard_agents.errors import SessionBusy
from toolyard_agents.store.folders import LOCK, open_in

_DIGITS = 20
_TRIES = 3
_PAUSE = 0.002
"""Seconds. Whoever asks `is_locked` holds the lock for a moment."""


class SessionLock:
    """Held until `close`, or until its process ends, however it does."""

    def __init__(self, folder: int, session_id: str) -> None:
        """Take the lock of the session in `folder`.

        Raises:
            SessionBusy: somebody else has it; the text names the process.
            OSError: there can be no lock.
        """
        descriptor = open_in(folder, LOCK, os.O_RDWR | os.O_CREAT)
        self.close = weakref.finalize(self, os.close, descriptor)
        if not _taken(descriptor):
            holder = _written(descriptor) or "unknown"
            self.close()
            raise SessionBusy(f"session {session_id!r} is in use by process {holder}; wait until its run has ended")
        os.pwrite(
            descriptor, f"{os.getpid():<{_DIGITS}}\n".encode(), 0
        )  # of one length: to truncate costs milliseconds


def is_locked(folder: int) -> bool:
    """Whether somebody drives the session in this folder now."""
    return holder(folder) is not None


def holder(folder: int) -> int | None:
    """The id of the process that drives the session in this folder now, 0 where it is not known; None is nobody."""
    try:
        descriptor = open_in(folder, LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _written(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _written(descriptor: int) -> int:
    digits = os.pread(descriptor, _DIGITS, 0).strip()
    return int(digits) if digits.isdigit() else 0


def _taken(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if attempt < _TRIES - 1:
            time.sleep(_PAUSE)
    return False
