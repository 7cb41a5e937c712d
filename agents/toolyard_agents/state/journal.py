"""Where entries are written, one by one, as they are made."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from contextlib import suppress
from os import PathLike
from types import TracebackType
from typing import Protocol, Self

from toolyard_agents.errors import Unrecorded
from toolyard_agents.state.entries import Entry
from toolyard_agents.state.lines import to_line
from toolyard_agents.state.traces import missing, parse, read_all

FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY


class Sink(Protocol):
    """Takes each entry before it holds: an entry that it refuses, by raising, was never made."""

    def write(self, entry: Entry) -> None: ...


class Journal:
    """A file that is open for the next entry. Each is one `write`, so a kill leaves whole lines.

    It owns the descriptor, which ends at byte `size`; `sync` waits for the disk with each entry, for a power cut.
    """

    def __init__(self, descriptor: int, name: str, size: int, *, sync: bool = False) -> None:
        self.size = size
        self._descriptor = descriptor
        self._name = name
        self._sync = sync
        self.close = weakref.finalize(self, os.close, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write(self, entry: Entry) -> None:
        """Append an entry.

        Raises:
            Unrecorded: it could not be written; what was is taken back.
        """
        self.append(to_line(entry))

    def append(self, data: bytes) -> None:
        """Append whole lines in one write.

        Raises:
            Unrecorded: they could not be written; what was is taken back.
        """
        try:
            count = os.write(self._descriptor, data)
            if count == len(data) and self._sync:
                os.fsync(self._descriptor)
        except OSError as error:
            self._take_back()
            raise Unrecorded(f"{self._name} cannot be written: {error.strerror}") from error
        if count != len(data):
            self._take_back()
            raise Unrecorded(f"{self._name} cannot be written: only a part of an entry was; is the disk full?")
        self.size += count

    def _take_back(self) -> None:
        with suppress(OSError):  # then the torn line is dropped by whoever reads it
            os.ftruncate(self._descriptor, self.size)


def open_journal(path: str | PathLike[str], entries: Sequence[Entry], *, sync: bool = False) -> Journal:
    """A journal for the entries that follow these, in a file that is made, mended and brought up to them first.

    Raises:
        TraceError: the file is another session's, is damaged, or has gone on in another way.
        Unrecorded: it cannot be written.
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, FLAGS | os.O_CREAT, 0o600)
    try:
        return bring_up(descriptor, os.fspath(path), entries, sync=sync)
    except BaseException:
        os.close(descriptor)
        raise


def bring_up(descriptor: int, name: str, entries: Sequence[Entry], *, sync: bool = False) -> Journal:
    """As `open_journal`, for a file that is open."""
    raw = read_all(descriptor)
    trace = parse(raw, name)
    rest = missing(entries, trace, name)
    if len(raw) > trace.size:
        os.ftruncate(descriptor, trace.size)
    journal = Journal(descriptor, name, trace.size, sync=sync)
    data = b"".join(map(to_line, rest))
    try:
        if data or not trace.ended:
            journal.append((b"" if trace.ended else b"\n") + data)
    except BaseException:
        journal.close.detach()  # whoever opened the descriptor closes it
        raise
    return journal
