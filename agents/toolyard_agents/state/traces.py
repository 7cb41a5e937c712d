"""The trace of a conversation as it stands in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from toolyard_agents.errors import TraceError
from toolyard_agents.state.entries import Entry, Opened
from toolyard_agents.state.lines import UnreadableEntryError, from_line, to_line

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The entries of a file, which end at byte `size`; `ended` says whether the last one has the end of its line.

    What follows that byte is torn: it was never written whole.
    """

    entries: tuple[Entry, ...]
    size: int
    ended: bool


def read_all(descriptor: int) -> bytes:
    """What a file holds, from its beginning."""
    blocks: list[bytes] = []
    os.lseek(descriptor, 0, os.SEEK_SET)
    while block := os.read(descriptor, _BLOCK):
        blocks.append(block)
    return b"".join(blocks)


def parse(raw: bytes, name: str) -> Trace:
    """The entries in the text of a trace, without a torn last line. `name` is the file's, for messages.

    Raises:
        TraceError: another line than the last is damaged; the text names it.
    """
    *lines, tail = raw.split(b"\n")
    entries = [_entry(line, index, name) for index, line in enumerate(lines)]
    size = len(raw) - len(tail)
    try:
        last = _entry(tail, len(entries), name)
    except TraceError:
        return Trace(entries=tuple(entries), size=size, ended=True)
    return Trace(entries=(*entries, last), size=len(raw), ended=False)


def text_of(entries: Sequence[Entry]) -> str:
    """The text of a trace that holds these entries."""
    return b"".join(map(to_line, entries)).decode()


def missing(entries: Sequence[Entry], trace: Trace, name: str) -> Sequence[Entry]:
    """Those of the entries that the trace does not have yet.

    Raises:
        TraceError: the trace is another session's, or has gone on in another way.
    """
    if not trace.entries:
        return entries
    if trace.entries[0].change != entries[0].change:
        raise TraceError(f"{name} is the trace of another session; each session needs a file of its own")
    have = len(trace.entries)
    if trace.entries != tuple(entries[:have]):
        raise TraceError(f"{name} has gone on in another way than this state; restore the state from it, or write anew")
    return entries[have:]


def _entry(line: bytes, index: int, name: str) -> Entry:
    try:
        entry = from_line(line)
    except UnreadableEntryError as error:
        raise TraceError(f"{name}, line {index + 1}, is damaged: {error}") from error
    if entry.seq != index:
        raise TraceError(f"{name}, line {index + 1}, is damaged: it is entry {entry.seq}, and {index} is expected here")
    if isinstance(entry.change, Opened) != (index == 0):
        raise TraceError(f"{name}, line {index + 1}, is damaged: a trace begins with its session, once")
    return entry
