"""One line of a chained file: a record, its place in the chain, and the hash of both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, cast

from msgspec.json import Encoder
from pydantic_core import from_json

from toolyard_kernel.errors import LedgerError
from toolyard_kernel.ledger.records import Record

JSON = Encoder(enc_hook=str)
MARK = b',"hash":"'
_END = len(MARK) + 64 + len('"}\n')

MOST_DIGITS = 4300
"""Of an integer that Python reads."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read: its number, the hash of the line before it, and its own, which is right for `record`."""

    seq: int
    prev: str
    hash: str
    record: Record


class DamagedLineError(ValueError):
    """A line that nobody wrote so; the text says what is wrong with it."""


def chained(seq: int, prev: str, record: bytes) -> tuple[bytes, str]:
    """The line that says `record`, an object with members, as number `seq` after the line with the hash `prev`; and its
    hash."""
    body = b'{"seq":%d,"prev":"%b",%b' % (seq, prev.encode(), record[1:])
    digest = hashlib.sha256(body).hexdigest()
    return b'%b%b%b"}\n' % (body[:-1], MARK, digest.encode()), digest


def written(record: Record) -> bytes:
    """The record as JSON.

    Raises:
        LedgerError: it cannot be written as JSON.
    """
    try:
        data = JSON.encode(record)
    except (TypeError, ValueError, RecursionError):
        data = _written_slowly(record)
    if len(data) > MOST_DIGITS and parsed(data) is None:
        raise LedgerError("a record cannot be written as JSON: a number in it has more digits than can be read")
    return data


def _written_slowly(record: Record) -> bytes:
    """What is no UTF-8, such as half of a surrogate pair, is written as an escape."""
    try:
        return json.dumps(record, separators=(",", ":"), default=str).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(f"a record cannot be written as JSON: {error}") from error


def read_line(raw: bytes) -> Line:
    """A whole line, checked against its own hash.

    Raises:
        DamagedLineError: it is no record, or its hash belongs to another content.
    """
    if raw[-_END : len(MARK) - _END] != MARK or raw[-3:] != b'"}\n':
        raise DamagedLineError("this is no record")
    body, digest = raw[:-_END] + b"}", raw[len(MARK) - _END : -3].decode("ascii", "replace")
    if hashlib.sha256(body).hexdigest() != digest:
        raise DamagedLineError("changed: its hash does not belong to what it says")
    record = parsed(body)
    if record is None or not isinstance(record.get("seq"), int) or not isinstance(record.get("prev"), str):
        raise DamagedLineError("this is no record")
    return Line(record["seq"], record["prev"], digest, record)


def parsed(line: bytes) -> dict[str, Any] | None:
    """The JSON object in a line, unchecked; None when there is none."""
    try:
        record: Any = from_json(line)
    except ValueError:  # it knows no escape of half a surrogate pair
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return None
    return cast("dict[str, Any]", record) if isinstance(record, dict) else None
