"""What can be told of a trace without reading all of it, however long it is and whatever is in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from toolyard_agents.errors import TraceError
from toolyard_agents.state.entries import Entry, RunBegan, RunEnded, UserAdded
from toolyard_agents.state.lines import UnreadableEntryError, from_line

WINDOW = 1 << 16
FARTHEST = 1 << 28
"""Bytes from the end of a trace in which its last run must have begun, or ended."""
LONGEST_PROMPT = 1 << 24
"""Bytes at the beginning of a trace in which its first prompt is looked for."""

_PROMPT = b'{"type":"user",'
_MARKS = (b'\n{"type":"run",', b'\n{"type":"end",')
_OVERLAP = max(map(len, _MARKS)) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The last run of a session: "running" if its end is not in the trace, and "idle" if there was none.

    `at` is when it began, or ended (seconds since the epoch), and `offset` the byte where the line begins that says so.
    """

    status: str
    run_id: str = ""
    at: float = 0.0
    offset: int = 0


def last_run(descriptor: int) -> LastRun:
    """How the last run in a trace stands.

    Raises:
        TraceError: nothing is said of it in the last 256 MiB.
    """
    offset = _last(descriptor, _MARKS)
    if offset is None:
        return LastRun(status="idle")
    entry = _entry(os.pread(descriptor, WINDOW, offset).partition(b"\n")[0])
    match entry:
        case Entry(change=RunEnded(status)):
            return LastRun(status=status, run_id=entry.run_id or "", at=entry.time, offset=offset)
        case Entry(change=RunBegan()):
            return LastRun(status="running", run_id=entry.run_id or "", at=entry.time, offset=offset)
        case _:
            return LastRun(status="error", offset=offset)


def beginning(descriptor: int) -> int:
    """The byte where the line begins that says that the last run is under way; 0 where none was."""
    return _last(descriptor, _MARKS[:1]) or 0


def first_prompt(descriptor: int) -> str:
    """What a user said first; empty where nobody did within the first 16 MiB."""
    size, window = os.fstat(descriptor).st_size, WINDOW
    while True:
        for line in os.pread(descriptor, window, 0).split(b"\n")[:-1]:
            if line.startswith(_PROMPT):
                entry = _entry(line)
                return entry.change.content if entry and isinstance(entry.change, UserAdded) else ""
        if window >= min(size, LONGEST_PROMPT):
            return ""
        window *= 4


def _last(descriptor: int, marks: tuple[bytes, ...]) -> int | None:
    """Where the last line begins that begins with one of the marks."""
    for start, block in _backwards(descriptor):
        found = max(map(block.rfind, marks))
        if found >= 0:
            return start + found + 1
    return None


def _backwards(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """The blocks of a file from its end on, which overlap by less than a mark, with the bytes they begin at."""
    size = end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(end - WINDOW, 0)
        if size - start > FARTHEST:
            raise TraceError("the trace is damaged: nothing in its last 256 MiB says how its last run stands")
        yield start, os.pread(descriptor, end - start + _OVERLAP, start)
        end = start


def _entry(line: bytes) -> Entry | None:
    try:
        return from_line(line)
    except UnreadableEntryError:
        return None
