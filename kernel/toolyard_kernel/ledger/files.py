"""The ledger in the state folder: one hash-chained JSONL file per process, one `write` per record."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger.records import Record

FOLDER = "ledger"


class FileLedger:
    """Appends to a new file below `state / "ledger"`, which is made at the first record or by `open`.

    Each line carries `seq`, counted from 0, and `hash`: the SHA-256 of the line before it (`prev`) and of this line.
    """

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER
        self._descriptor: int | None = None
        self._sequence = 0
        self._previous = ""

    def open(self) -> None:
        """Create the file now, so that a folder that cannot be written is known before the first call."""
        self._opened()

    def _opened(self) -> int:
        if self._descriptor is not None:
            return self._descriptor
        self._sequence, self._previous = 0, ""
        path = self.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise LedgerError(
                f"the ledger cannot be written in {self.folder}: {error.strerror}; "
                f"make the folder writable, or set XDG_STATE_HOME to one that is"
            ) from error
        return self._descriptor

    def append(self, record: Record) -> None:
        descriptor = self._opened()
        body = _json({"seq": self._sequence, "prev": self._previous, **record})
        digest = hashlib.sha256(body.encode()).hexdigest()
        line = f'{body[:-1]},"hash":"{digest}"}}\n'.encode()
        try:
            written = os.write(descriptor, line)
        except OSError as error:
            raise LedgerError(f"a record could not be written in {self.folder}: {error.strerror}") from error
        if written != len(line):
            self.close()  # the next record starts a new file, since this one ends in a torn line
            raise LedgerError(f"a record was cut short in {self.folder}: is the disk full?")
        self._sequence, self._previous = self._sequence + 1, digest

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _json(record: Record) -> str:
    try:
        return json.dumps(record, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(f"a record cannot be written as JSON: {error}") from error


def read_records(state: Path) -> Iterator[dict[str, Any]]:
    """Every record of every file below `state`, in the order of their times; a torn last line is passed over."""
    lines = (line for path in sorted((state / FOLDER).glob("*.jsonl")) for line in path.read_bytes().splitlines())
    yield from sorted(filter(None, map(_parsed, lines)), key=lambda record: str(record.get("time")))


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None  # pyright: ignore[reportUnknownVariableType]
