"""The lines of a text that a reader is shown, with their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

NOTE = 60
"""Bytes kept free for the note on a line that is cut."""


@dataclass(slots=True, kw_only=True)
class Window:
    """Takes a text piece by piece and keeps its lines from `first` to `last`, numbered, as far as `room` bytes allow.

    Only whole lines are kept, except for a first one that is too long by itself. Whatever the text's length, only
    about `room` characters are held. `total` counts the lines so far; `stopped` is the first line that was asked for
    and found no room.
    """

    first: int
    last: int | None
    room: int
    lines: list[str] = field(default_factory=list[str])
    total: int = 0
    stopped: int | None = None
    full: bool = False
    ended: bool = True
    _kept: str = field(default="", init=False)
    _length: int = field(default=0, init=False)

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
        """The text is over; its last line needs no end."""
        if not self.ended:
            self._end_line()
        if self.stopped and self.stopped > self.total:
            self.stopped = None

    def _grow(self, part: str) -> None:
        if not self.full and self.total + 1 >= self.first:
            self._length += len(part)
            self._kept += part[: max(self.room + 1 - len(self._kept), 0)]

    def _end_line(self) -> None:
        self.total += 1
        if self.full or self.total < self.first:
            return
        self._keep(f"{self.total:6}\t")
        if self.total == self.last:
            self.full = True
        self._kept, self._length = "", 0

    def _keep(self, number: str) -> None:
        line = number + self._kept
        size = len(line.encode()) + 1
        if size <= self.room and len(self._kept) == self._length:
            self.lines.append(line)
            self.room -= size
        elif self.lines:
            self.full, self.stopped = True, self.total
        else:
            self.lines.append(number + self._cut(self.room - len(number) - NOTE))
            self.full, self.stopped = True, self.total + 1 if self.total != self.last else None

    def _cut(self, size: int) -> str:
        shown = self._kept.encode()[: max(size, 0)].decode(errors="ignore")
        return f"{shown} [… {self._length - len(shown)} more characters in this line]"
