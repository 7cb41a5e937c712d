"""The lines of a text that a reader is shown, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

NOTE = 100
"""Bytes kept free for the note on a line that was cut."""


@dataclass(slots=True, kw_only=True)
class Window:
    """Takes a text piece by piece; keeps the lines from `first` to `last`, numbered, as far as `room` bytes allow.

    Only whole lines are kept, except for a first one that is too long by itself. Whatever the text's length, no more
    than about `room` characters are held. `next_line` is the first line that was asked for and left out.
    """

    first: int
    last: int | None
    room: int
    lines: list[str] = field(default_factory=list[str])
    total: int = 0
    full: bool = False
    next_line: int | None = None
    ended: bool = True
    _kept: str = ""
    _length: int = 0

    def feed(self, text: str) -> None:
        newlines = text.count("\n")
        self.ended = text.endswith("\n") if text else self.ended
        if self.full or self.total + newlines + 1 < self.first:
            self.total += newlines
            return
        *whole, rest = text.split("\n")
        for part in whole:
            self._grow(part)
            self._end_line()
        self._grow(rest)

    def close(self) -> None:
        """The text is over; a last line needs no end."""
        if not self.ended:
            self._end_line()

    def _grow(self, part: str) -> None:
        if not self.full and self.total + 1 >= self.first:
            self._length += len(part)
            self._kept += part[: max(self.room + 1 - len(self._kept), 0)]

    def _end_line(self) -> None:
        self.total += 1
        if self.full:
            self.next_line = self.next_line or self._wanted()
        elif self.total >= self.first:
            self._keep(f"{self.total:6}\t{self._kept}")
            self._kept, self._length = "", 0
            self.full = self.full or self.total == self.last

    def _keep(self, line: str) -> None:
        size = len(line.encode()) + 1
        if size <= self.room and len(self._kept) == self._length:
            self.lines.append(line)
            self.room -= size
            return
        self.full = True
        if self.lines:
            self.next_line = self.total
        else:
            self.lines.append(self._cut(line))

    def _cut(self, line: str) -> str:
        shown = line.encode()[: max(self.room - NOTE, 0)].decode(errors="ignore")
        left_out = self._length - max(len(shown) - len(line) + len(self._kept), 0)
        return f"{shown} [… the line has {left_out} more characters]"

    def _wanted(self) -> int | None:
        return self.total if self.last is None or self.total <= self.last else None
