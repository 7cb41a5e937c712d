"""What a change does to a text, as a unified diff that keeps to a number of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from toolyard_toolkits.backends.refusals import visible
from toolyard_toolkits.files.document import Change, alike

CONTEXT = 3
COMPARED_LINES = 1000
"""A larger part of a text is shown as removed and added in one piece."""
LONGEST_LINE = 400
NOTE_BYTES = 80

Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some lines of a text, from line `first` on (from 0), before and after a change; each has its `\\n`."""

    first: int
    old: Sequence[str]
    new: Sequence[str]


def difference(parts: Iterable[Part], room: int) -> str:
    """The unified diff of these parts, which are in order, in at most about `room` bytes."""
    page = _Page(room=room)
    moved = 0
    for part in parts:
        for old_first, new_first, shorter in _hunks(part):
            page.hunk(old_first, new_first + moved, shorter)
        moved += len(part.new) - len(part.old)
    return "\n".join(page.closed())


def whole_part(old: str, new: str) -> Part:
    """All of a text before and after."""
    return Part(first=0, old=_lines(old), new=_lines(new))


def parts_of(text: str, changes: Sequence[Change]) -> Iterator[Part]:
    """The lines around each change, those of neighbours together. The changes are in order."""
    counted, line = 0, 0
    for group in _groups(text, changes):
        line, counted = line + text.count("\n", counted, group.start), group.start
        pieces: list[str] = []
        done = group.start
        for change in group.changes:
            pieces += text[done : change.start], change.new
            done = change.end
        new = "".join((*pieces, text[done : group.end]))
        yield Part(first=line, old=_lines(text[group.start : group.end]), new=_lines(new))


def shown_plainly(line: str) -> str:
    """A line for a person's eyes: what would move the cursor or turn the reading order is written out."""
    return "\t".join(map(visible, line.split("\t")))


@dataclass(slots=True, kw_only=True)
class _Group:
    """Changes whose lines, with those around them, are from `start` to `end`.

    The line of the last one ends at `line_end`, and one that starts before `near` would have lines in common.
    """

    start: int
    line_end: int
    end: int
    near: int = 0
    changes: list[Change] = field(default_factory=list[Change])


def _groups(text: str, changes: Sequence[Change]) -> Iterator[_Group]:
    group: _Group | None = None
    for change in changes:
        if group and change.start >= group.near:
            yield group
            group = None
        if group is None:
            group = _Group(start=_up(text, change.start), line_end=-1, end=-1)
        if change.end > group.line_end:  # searched once for each line, however many changes it has
            group.line_end = _down(text, change.end, 0)
            group.end = _down(text, change.end, CONTEXT)
            group.near = _down(text, group.end, CONTEXT - 1)
        group.changes.append(change)
    if group:
        yield group


def _up(text: str, position: int) -> int:
    for _ in range(CONTEXT + 1):
        position = text.rfind("\n", 0, max(position, 0))
        if position < 0:
            return 0
    return position + 1


def _down(text: str, position: int, lines: int) -> int:
    for _ in range(lines + 1):
        position = text.find("\n", position) + 1
        if position == 0:
            return len(text)
    return position


def _lines(text: str) -> list[str]:
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


Hunk = tuple[int, int, list[tuple[str, Sequence[str]]]]
"""The first line before and after (from 0), and runs of lines with what stands before each: blank, minus or plus."""


def _hunks(part: Part) -> Iterator[Hunk]:
    same = max(alike(part.old, part.new) - CONTEXT, 0)
    old, new = part.old[same:], part.new[same:]
    last = max(alike(old[::-1], new[::-1]) - CONTEXT, 0)
    old, new = old[: len(old) - last], new[: len(new) - last]
    for group in _opcodes(old, new):
        runs: list[tuple[str, Sequence[str]]] = []
        for tag, first, after, new_first, new_after in group:
            if tag == "equal":
                runs.append((" ", old[first:after]))
            else:
                runs += ("-", old[first:after]), ("+", new[new_first:new_after])
        yield part.first + same + group[0][1], part.first + same + group[0][3], runs


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterable[list[Opcode]]:
    if old == new:
        return ()
    if max(len(old), len(new)) <= COMPARED_LINES:
        return SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT)
    begin = alike(old, new)
    end = min(alike(old[::-1], new[::-1]), min(len(old), len(new)) - begin)
    o, n = len(old) - end, len(new) - end
    return ([("equal", 0, begin, 0, begin), ("replace", begin, o, begin, n), ("equal", o, len(old), n, len(new))],)


@dataclass(slots=True, kw_only=True)
class _Page:
    room: int
    lines: list[str] = field(default_factory=list[str])
    left_out: int = 0

    def hunk(self, old_first: int, new_first: int, runs: list[tuple[str, Sequence[str]]]) -> None:
        if self.room < NOTE_BYTES:
            self.left_out += sum(len(lines) for sign, lines in runs if sign != " ")
            return
        counts = [sum(len(lines) for sign, lines in runs if sign in signs) for signs in (" -", " +")]
        self._add(f"@@ -{_range(old_first, counts[0])} +{_range(new_first, counts[1])} @@")
        for sign, lines in runs:
            self._run(sign, lines, self.room // 2 if sign == "-" else self.room)

    def _run(self, sign: str, lines: Sequence[str], share: int) -> None:
        until = self.room - share
        for number, line in enumerate(lines):
            shown = sign + _cut(line)
            if self.room - _size(shown) < max(until, NOTE_BYTES):
                self._leave_out(sign, len(lines) - number)
                return
            self._add(shown)
            if not line.endswith("\n"):
                self._add("\\ No newline at end of file")

    def _leave_out(self, sign: str, count: int) -> None:
        if sign == "-" and self.room > 2 * NOTE_BYTES:
            self._add(f"[… {count} more removed lines not shown]")
        elif sign != " ":
            self.left_out += count

    def _add(self, line: str) -> None:
        self.lines.append(line)
        self.room -= _size(line)

    def closed(self) -> list[str]:
        more = f"[… {self.left_out} more changed lines not shown; `read` shows the file itself]"
        return [*self.lines, more] if self.left_out else self.lines


def _range(first: int, count: int) -> str:
    return f"{first + 1 if count else first},{count}"


def _cut(line: str) -> str:
    line = line.removesuffix("\n")
    return (
        line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} [… {len(line) - LONGEST_LINE} more characters]"
    )


def _size(line: str) -> int:
    return len(line.encode(errors="replace")) + 1
