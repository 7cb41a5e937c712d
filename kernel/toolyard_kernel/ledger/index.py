"""The index of a ledger's folder: which chains of files were begun in it, and how those ended that were closed.

It is what tells a file that is gone, or cut where a line ends, from one that never was or never went on.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger.lines import DamagedLineError, chained, read_line, written
from toolyard_kernel.ledger.names import INDEX
from toolyard_kernel.ledger.records import Record

PATIENCE = 2.0
"""Seconds that other processes, which need microseconds, may hold the index."""
NAP = 0.005
LONGEST = 4096
"""More bytes than any line of an index has."""


def add_to_index(folder: Path, event: str, *, sync: bool, **fields: object) -> None:
    """Append one record to the index, whichever process wrote the one before.

    Raises:
        OSError: it could not be appended; nothing of it is left.
    """
    with _held(folder / INDEX) as descriptor:
        size, last = _whole_part(descriptor)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        record: Record = {"v": 1, "time": now, "event": event, **fields}
        line, _ = chained(*_after(last), written(record))
        _write(descriptor, line, size, folder)
        if sync:
            os.fsync(descriptor)


def _write(descriptor: int, line: bytes, size: int, folder: Path) -> None:
    try:
        count = os.pwrite(descriptor, line, size)
    except OSError as error:
        raise LedgerError(f"a record could not be written in {folder}: {error.strerror}") from error
    if count != len(line):
        os.ftruncate(descriptor, size)
        raise LedgerError(f"a record was cut short in {folder}: is the disk full?")


@contextmanager
def _held(path: Path) -> Generator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise LedgerError(f"{path} is held by another process for more than {PATIENCE:g}s") from None
            time.sleep(NAP)


def _whole_part(descriptor: int) -> tuple[int, bytes]:
    """How long the index is without a torn last line, and its last whole line.

    What is torn was never acted upon: a chain writes its first record after its line in the index.
    """
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, LONGEST, max(0, size - LONGEST))
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        size -= len(tail) - len(whole)
        os.ftruncate(descriptor, size)
    return size, whole[whole.rfind(b"\n", 0, -1) + 1 :]


def _after(last: bytes) -> tuple[int, str]:
    try:
        line = read_line(last) if last else None
        return (line.seq + 1, line.hash) if line else (0, "")
    except DamagedLineError:
        return 0, ""  # `verify` finds it; to record nothing more would help whoever did it
