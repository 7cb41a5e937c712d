"""The ledger in the state folder: one chain of hash-chained JSONL files per process, one `write` per record."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger.chain_file import ChainFile, TornError, create_file
from toolyard_kernel.ledger.index import add_to_index
from toolyard_kernel.ledger.lines import written
from toolyard_kernel.ledger.names import FOLDER, new_chain
from toolyard_kernel.ledger.records import Record

if TYPE_CHECKING:
    from toolyard_kernel.ledger.syncing import Synced, Syncing

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How a ledger is kept: whether each record is synced, how big a file gets, and where, if not below the state."""

    sync: Literal["never", "always"] = "never"
    rotate_bytes: int = 64 * 1024 * 1024
    folder: Path | None = None


DEFAULT = Keeping()


class FileLedger:
    """Appends to files of its own below `state / "ledger"`; the first is made at the first record or by `open`.

    Each line carries `seq`, counted from 0 through all files of the chain, and `hash`: the SHA-256 of the line before
    it (`prev`) and of this line. A file begins with its own name and that of the file it follows (`open`), and ends
    with the name of the next one (`rotate`) or the end of the chain (`close`).
    """

    def __init__(self, state: Path, keeping: Keeping = DEFAULT) -> None:
        self.folder = keeping.folder or state / FOLDER
        self._keeping = keeping
        self._lock = Lock()
        self._file: ChainFile | None = None
        self._syncing: Syncing | None = None

    def open(self) -> None:
        """Create the file now, so that a folder that cannot be written is known before the first call."""
        with self._lock:
            self._opened()

    def append(self, record: Record) -> Synced | None:
        data = written(record)
        with self._lock:
            file = self._opened()
            if file.calls and file.size + len(data) > self._keeping.rotate_bytes:
                file = self._rotated(file)
            self._write(file, data)
            file.calls += 1
            return self._syncing.request(file.descriptor) if self._syncing else None

    def close(self) -> None:
        """End the chain and enter its end in the index; a ledger that is full by then is left as it is."""
        with self._lock:
            file, self._file = self._file, None
            if file is None:
                return
            try:
                self._end(file)
            except OSError as error:
                log.warning("the ledger %s could not be closed: %s", file.name, error)

    def _opened(self) -> ChainFile:
        file = self._file
        if file is None or file.pid != os.getpid():  # a forked process has a chain of its own
            if self._keeping.sync == "always" and (file or not self._syncing):
                self._syncing = _syncing()
            file = self._file = self._created(new_chain())
        if not file.begun:
            self._begin(file)
        return file

    def _created(self, chain: str, part: int = 0) -> ChainFile:
        try:
            return create_file(self.folder, chain, part, sync=self._keeping.sync == "always")
        except OSError as error:
            raise self._unwritable(error) from error

    def _begin(self, file: ChainFile) -> None:
        """The index knows a chain before its first record: a chain that it does not know was cut out of the index."""
        if not file.part and not file.indexed:
            self._index("opened", chain=file.chain)
            file.indexed = True
        try:
            file.begin()
        except TornError:
            self._abandon(file)
            raise

    def _write(self, file: ChainFile, data: bytes) -> None:
        try:
            file.write(data)
        except TornError:
            self._abandon(file)
            raise

    def _abandon(self, file: ChainFile) -> None:
        """Nothing can follow a torn line, so the next record starts a chain of its own."""
        self._file = None
        self._release(file)

    def _rotated(self, file: ChainFile) -> ChainFile:
        """Go on in a new file, which is there before the old one names it: a kill in between leaves nothing missing."""
        fresh = self._created(file.chain, file.part + 1)
        try:
            file.write_event("rotate", next=fresh.name)
        except LedgerError as error:
            os.close(fresh.descriptor)
            with suppress(OSError):
                (self.folder / fresh.name).unlink()
            if isinstance(error, TornError):
                self._abandon(file)
            raise
        fresh.seq, fresh.head, self._file = file.seq, file.head, fresh
        self._release(file)
        self._begin(fresh)
        return fresh

    def _end(self, file: ChainFile) -> None:
        try:
            if file.begun and file.pid == os.getpid():
                file.write_event("close")
        finally:
            self._release(file)
            self._settle()
        if file.begun and file.pid == os.getpid():
            self._index("closed", chain=file.chain, records=file.seq, head=file.head)

    def _settle(self) -> None:
        if self._syncing:
            self._syncing.close()
            self._syncing = None

    def _release(self, file: ChainFile) -> None:
        if self._syncing:
            self._syncing.retire(file.descriptor)
        else:
            os.close(file.descriptor)

    def _index(self, event: str, **fields: object) -> None:
        try:
            add_to_index(self.folder, event, sync=self._keeping.sync == "always", **fields)
        except LedgerError:
            raise
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"the ledger cannot be written in {self.folder}: {error.strerror}; "
            f"make the folder writable, or set XDG_STATE_HOME to one that is"
        )


def _syncing() -> Syncing:
    # Here, not at the top: it brings a pool of threads along, and most ledgers are not synced.
    from toolyard_kernel.ledger.syncing import Syncing  # noqa: PLC0415

    return Syncing()
