"""Going through a folder and the folders in it."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from toolyard_kernel.backends import Directory, Entry
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.files.entries import closed_line, entry_line
from toolyard_toolkits.names import Names, inside

MOST_ENTRIES = 1000
MOST_COUNTED = 100_000
"""No further folder is opened once this many entries were counted."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """Collects `lines` for the entries of `depth` levels (`None`: all), as far as `room` bytes and MOST_ENTRIES allow.

    It goes level by level, so that when there is too much the deepest entries are what is left out. `waiting` are the
    folders that were not entered.
    """

    depth: int | None
    room: int
    ctx: ToolContext
    lines: dict[Names, str] = field(default_factory=dict[Names, str])
    counted: int = 0
    waiting: deque[Names] = field(default_factory=deque[Names])
    _full: bool = field(default=False, init=False)

    def through(self, folder: Directory) -> None:
        self._visit(folder, ())
        while self.waiting and self.counted < MOST_COUNTED:
            self._enter(folder, self.waiting.popleft())

    def _enter(self, folder: Directory, names: Names) -> None:
        try:
            with inside(folder, names) as inner:
                self._visit(inner, names)
        except ToolError as error:
            if self.ctx.cancelled:
                raise
            if before := self.lines.pop(names, None):
                self.room += _size(before)
                self._keep(names, closed_line(names, str(error).rpartition(": ")[2]))

    def _visit(self, here: Directory, above: Names) -> None:
        folders: list[str] = []
        first = heapq.nsmallest(MOST_ENTRIES, self._entries(here, folders), key=lambda entry: entry.name)
        if self.depth is None or len(above) + 1 < self.depth:
            self.waiting.extend((*above, name) for name in sorted(folders))
        for entry in first:
            names = (*above, entry.name)
            if not self._full:
                self._keep(names, entry_line(entry, names))

    def _entries(self, here: Directory, folders: list[str]) -> Iterator[Entry]:
        for entry in here.entries():
            if self.ctx.cancelled:
                raise ToolError("listing was stopped: the call is over")
            self.counted += 1
            if self.depth != 1 and len(folders) < MOST_COUNTED and entry.kind == "folder":
                folders.append(entry.name)
            yield entry

    def _keep(self, names: Names, line: str) -> None:
        if len(self.lines) == MOST_ENTRIES or _size(line) > self.room:
            self._full = True
            return
        self.lines[names] = line
        self.room -= _size(line)


def _size(line: str) -> int:
    return len(line.encode(errors="replace")) + 1
