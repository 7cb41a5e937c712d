"""Keeps the trace of a stored session current."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from toolyard_agents.errors import Unrecorded
from toolyard_agents.state.entries import Entry, RunBegan, RunEnded
from toolyard_agents.state.journal import FLAGS, Journal
from toolyard_agents.state.lines import to_line
from toolyard_agents.store.folders import TRACE, open_in, session_folder
from toolyard_agents.store.locks import SessionLock


class Recording:
    """Where a state's entries are written before they hold.

    It has the session's lock, and its files open, from the beginning of a run to its end; between runs it has nothing
    open. A session that has gone on elsewhere since is noticed by its size.
    """

    def __init__(self, root: Path, session_id: str, size: int) -> None:
        """`size` is how many bytes of the trace the state knows."""
        self._root = root
        self._id = session_id
        self._size = size
        self._open: tuple[SessionLock, Journal] | None = None
        self._in_run = False
        self._waiting: list[Entry] = []

    def write(self, entry: Entry) -> None:
        """Write an entry, and the end of a run that could not be written before.

        Raises:
            SessionBusy: another process, or another session object, is at it.
            Unrecorded: it cannot be written, or the session has gone on elsewhere.
            UnknownName: the session was deleted.
        """
        self._waiting.append(entry)
        try:
            self._write()
        except BaseException:
            if not isinstance(entry.change, RunEnded):
                self._waiting.pop()
            raise
        else:
            self._in_run = self._in_run or isinstance(entry.change, RunBegan)
        finally:
            self._in_run = self._in_run and not isinstance(entry.change, RunEnded)
            if not self._in_run:
                self._close()

    def _write(self) -> None:
        if self._open is None:
            self._open = self._opened()
        _, journal = self._open
        journal.append(b"".join(map(to_line, self._waiting)))
        self._waiting.clear()
        self._size = journal.size

    def _opened(self) -> tuple[SessionLock, Journal]:
        with session_folder(self._root, self._id) as folder, ExitStack() as undo:
            try:
                lock = SessionLock(folder, self._id)
                undo.callback(lock.close)
                descriptor = open_in(folder, TRACE, FLAGS)
            except OSError as error:
                raise Unrecorded(f"session {self._id!r} cannot be written: {error.strerror or error}") from error
            journal = Journal(descriptor, str(self._root / self._id / TRACE), self._size)
            undo.callback(journal.close)
            if os.fstat(descriptor).st_size != self._size:
                raise Unrecorded(f"session {self._id!r} has gone on elsewhere since; resume it again")
            undo.pop_all()
        return lock, journal

    def _close(self) -> None:
        if self._open is not None:
            lock, journal = self._open
            self._open = None
            journal.close()
            lock.close()
