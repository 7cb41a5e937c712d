"""Reading a ledger as one stream of records, in flat memory however big it is."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from toolyard_kernel.ledger.lines import parsed
from toolyard_kernel.ledger.names import FOLDER, began, chains_of, ledger_files, part_name

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes that are read at once: what has no line end for longer is no record."""
ABOUT_FILES = frozenset({"open", "rotate", "close"})
"""Events of records that are about their file, not about a call."""

Sizes = dict[str, int]
"""File name → bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records to read; `since` is written as a record's `time` is, and nothing given means all."""

    since: str | None = None
    tool: str | None = None
    caller: str | None = None
    status: str | None = None

    def matches(self, record: dict[str, Any]) -> bool:
        if self.since is not None and str(record.get("time")) < self.since:
            return False
        pairs = (("tool", self.tool), ("caller", self.caller), ("status", self.status))
        return all(value is None or record.get(name) == value for name, value in pairs)


def read_records(state: Path) -> Iterator[dict[str, Any]]:
    """Every record of a call below `state / "ledger"`; see `read_folder`."""
    return read_folder(state / FOLDER)


def read_folder(folder: Path, sizes: Sizes | None = None) -> Iterator[dict[str, Any]]:
    """Every record of a call in a ledger's folder, in the order of their times; what is no record is passed over.

    With `sizes`, only the files that it names are read, and only so far.
    """
    chains = chains_of(ledger_files(folder) if sizes is None else sizes)
    streams = (_timed(folder, chain, parts, sizes or {}) for chain, parts in chains.items())
    return (record for _, record in heapq.merge(*streams, key=itemgetter(0)) if record is not None)


def raw_lines(path: Path, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The lines of a file, or of its bytes from `begin` to `end`, each with its end; the last may have none."""
    with path.open("rb") as file:
        left = (file.seek(0, 2) if end is None else end) - file.seek(begin)
        while left > 0 and (line := file.readline(min(left, LONGEST_LINE))):
            left -= len(line)
            yield line


def call_record(raw: bytes) -> dict[str, Any] | None:
    """The record of a call in a line, if there is one."""
    record = parsed(raw)
    return None if record is None or record.get("event") in ABOUT_FILES else record


def _timed(folder: Path, chain: str, parts: list[int], sizes: Sizes) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The records of one chain with their times. A file is opened only when the stream comes to its beginning."""
    time = began(chain)
    yield time, None
    for part in parts:
        name = part_name(chain, part)
        for record in map(call_record, raw_lines(folder / name, end=sizes.get(name))):
            if record is not None:
                time = max(time, str(record.get("time")))  # a clock that was set back changes no order
                yield time, record
