"""The file by which a session's runs are steered: `control.jsonl`, to which both sides append."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from toolyard_agents.control.records import Record, Stands, from_line, to_line
from toolyard_agents.store.folders import open_in, session_folder

CONTROL = "control.jsonl"
LONGEST = 1 << 20
"""Bytes of a record, and of what is read at once."""


class ControlFile:
    """A control file as it goes on from where it ended when it was opened."""

    def __init__(self, descriptor: int) -> None:
        """It owns the descriptor."""
        self._descriptor = descriptor
        self._at = os.fstat(descriptor).st_size
        self.close = weakref.finalize(self, os.close, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def append(self, record: Record) -> None:
        """Append a record in one write.

        Raises:
            OSError: it cannot be written.
        """
        line = to_line(record)
        if os.write(self._descriptor, line) != len(line):
            raise OSError("only a part of a record was written; is the disk full?")

    def new(self) -> list[Record]:
        """The records that came since, as far as they are whole; what is none is passed over.

        Raises:
            OSError: it cannot be read.
        """
        size = os.fstat(self._descriptor).st_size
        self._at = min(self._at, size)
        if size == self._at:
            return []
        raw = os.pread(self._descriptor, LONGEST, self._at)
        whole = raw[: raw.rfind(b"\n") + 1] or (raw if len(raw) == LONGEST else b"")
        self._at += len(whole)
        return [record for line in whole.splitlines() if (record := from_line(line))]

    def standing(self, run_id: str) -> Stands | None:
        """How this run stood last, if it was written down not too long ago."""
        size = os.fstat(self._descriptor).st_size
        lines = os.pread(self._descriptor, LONGEST, max(size - LONGEST, 0)).splitlines()
        records = map(from_line, reversed(lines))
        return next((one for one in records if isinstance(one, Stands) and one.run_id == run_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where the control file of a session is."""

    root: Path
    session_id: str

    def open(self) -> ControlFile:
        """The file, which is made if it is not there.

        Raises:
            UnknownName: the session is gone.
            OSError: it cannot be opened, or is another user's.
        """
        with session_folder(self.root, self.session_id) as folder:
            return open_control(folder, os.O_RDWR | os.O_APPEND | os.O_CREAT)


def open_control(folder: int, flags: int) -> ControlFile:
    """The control file in a session's folder. Commands are believed only where nobody else can write them.

    Raises:
        OSError: it cannot be opened, or somebody else owns it or may write to it.
    """
    descriptor = open_in(folder, CONTROL, flags)
    about = os.fstat(descriptor)
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        os.close(descriptor)
        raise PermissionError(f"{CONTROL} belongs to another user, or others may write to it")
    return ControlFile(descriptor)
