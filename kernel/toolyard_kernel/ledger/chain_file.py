"""One file of a process's chain, while it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger.lines import chained, written
from toolyard_kernel.ledger.names import part_name
from toolyard_kernel.ledger.records import VERSION
from toolyard_kernel.ledger.times import now

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


@dataclass(slots=True, kw_only=True)
class ChainFile:
    """A file that is open for its next line, number `seq`, which follows the line with the hash `head`.

    `indexed` and `begun` say whether the index knows it and whether its first line is written; `calls` counts records.
    """

    folder: Path
    chain: str
    part: int
    descriptor: int
    pid: int = field(default_factory=os.getpid)
    seq: int = 0
    head: str = ""
    size: int = 0
    calls: int = 0
    indexed: bool = False
    begun: bool = False

    @property
    def name(self) -> str:
        return part_name(self.chain, self.part)

    def write(self, record: bytes) -> None:
        """Append one record, in one write.

        Raises:
            TornError: only a part of it was written, so nothing can follow it here.
            LedgerError: nothing was written.
        """
        line, head = chained(self.seq, self.head, record)
        try:
            count = os.write(self.descriptor, line)
        except OSError as error:
            raise LedgerError(f"a record could not be written in {self.folder}: {error.strerror}") from error
        if count != len(line):
            raise TornError(f"a record was cut short in {self.folder}: is the disk full?")
        self.seq += 1
        self.head = head
        self.size += count

    def write_event(self, event: str, **fields: object) -> None:
        """Append a record about the file itself."""
        self.write(written({"v": VERSION, "time": now(), "event": event, **fields}))

    def begin(self) -> None:
        """Write the first line: which file this is, and which one it follows."""
        follows = part_name(self.chain, self.part - 1) if self.part else None
        self.write_event("open", file=self.name, follows=follows)
        self.begun = True


class TornError(LedgerError):
    """A file ends in a torn line."""


def create_file(folder: Path, chain: str, part: int = 0, *, sync: bool) -> ChainFile:
    """Make the file, for its owner only.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / part_name(chain, part), FLAGS, 0o600)
    if sync:
        sync_folder(folder)
    return ChainFile(folder=folder, chain=chain, part=part, descriptor=descriptor)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
