"""The lines that `grep` answers with, within the limits of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from toolyard_toolkits.backends.refusals import visible
from toolyard_toolkits.search.counting import counted
from toolyard_toolkits.search.matching import LONGEST_SHOWN, Line, Matches

NARROW = "narrow the search with a longer pattern, with path= or with glob="


@dataclass(slots=True, kw_only=True)
class FoundLines:
    """Up to `most` matching lines in about `room` bytes: for each file its path, and then its lines.

    A line that matches is its number, `:` and its text; one beside it is its number, `-` and its text.
    """

    most: int
    room: int
    lines: list[str] = field(default_factory=list[str])
    matches: int = 0
    files: int = 0
    more: bool = False
    crowded: bool = False
    cut: bool = False

    @property
    def left(self) -> int:
        return self.most - self.matches

    @property
    def full(self) -> bool:
        return self.more or self.crowded

    @property
    def header(self) -> str:
        return f"{counted(self.matches, 'matching line')} in {counted(self.files, 'file')}"

    def add(self, names: Sequence[str], found: Matches) -> None:
        """Take what was found in a file, as far as there is room."""
        heading = [visible("/".join(names))]
        before: int | None = None
        for number in sorted(found.lines):
            line = found.lines[number]
            apart = ["--"] if before is not None and number > before + 1 and found.context else []
            if not self._take([*heading, *apart, _shown(number, line)]):
                return
            self.files += bool(heading)
            self.matches += line.matches
            self.cut = self.cut or line.cut
            heading, before = [], number
        self.more = self.more or found.more

    def _take(self, lines: Sequence[str]) -> bool:
        self.room -= sum(len(line.encode(errors="replace")) + 1 for line in lines)
        self.crowded = self.room < 0
        if not self.crowded:
            self.lines += lines
        return not self.crowded

    def notes(self) -> Iterator[str]:
        """What was left out, and how to get it."""
        if self.cut:
            yield f"[… is the rest of a line of more than {LONGEST_SHOWN} bytes: `read` shows it by its number]"
        if self.crowded:
            yield f"[stopped: there are more than fit in one answer; {NARROW}]"
        elif self.more:
            yield f"[stopped at max_matches={self.most}: there are more; {NARROW}, or ask for more with max_matches=]"


def _shown(number: int, line: Line) -> str:
    return f"{number}{':' if line.matches else '-'}{line.text}"
