"""The lines of one file that match, and those around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from toolyard_toolkits.search.blocks import Block
from toolyard_toolkits.search.regexps import Regexp

LONGEST_SHOWN = 500
"""Bytes of a line that are shown, around its first match."""
BEFORE_MATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line to show: one that matches, or one beside it. `cut` says that the line goes on."""

    text: str
    matches: bool
    cut: bool

    @classmethod
    def of(cls, line: bytes, match: int | None = None) -> Line:
        """The line, whose first match is at byte `match`."""
        line = line.removesuffix(b"\r")
        if len(line) <= LONGEST_SHOWN:
            return cls(text=line.decode(errors="replace"), matches=match is not None, cut=False)
        begin = max(min((match or 0) - BEFORE_MATCH, len(line) - LONGEST_SHOWN), 0)
        begin, end = _edge(line, begin), _edge(line, begin + LONGEST_SHOWN)
        text = f"{'…' * (begin > 0)}{line[begin:end].decode(errors='replace')}{'…' * (end < len(line))}"
        return cls(text=text, matches=match is not None, cut=True)


@dataclass(slots=True, kw_only=True)
class Matches:
    """Takes the blocks of a file and keeps up to `most` matching lines, with `context` lines on both sides of each.

    `more` says that there is a further match. Of a line beside a match, only its beginning is ever held.
    """

    regexp: Regexp
    context: int
    most: int
    lines: dict[int, Line] = field(default_factory=dict[int, Line])
    count: int = 0
    more: bool = False
    _before: list[bytes] = field(default_factory=list[bytes], init=False)
    _owed: int = field(default=0, init=False)
    """The last line that is wanted after a match that was found."""

    def feed(self, block: Block) -> bool:
        """Whether further blocks are wanted."""
        hits: list[int] = []
        for number, line, match in _hits(self.regexp, block) if not self.more else ():
            if self.count == self.most:
                self.more = True
                break
            self.count += 1
            self.lines[number] = Line.of(line, match)
            hits.append(number)
        if self.context:
            self._keep_around(hits, block)
        return not self.more or block.last < self._owed

    def _keep_around(self, hits: list[int], block: Block) -> None:
        if hits or block.first <= self._owed:
            texts = [*self._before, *block.text.split(b"\n")]
            first = block.first - len(self._before)
            for number in self._around(hits, first, block):
                self.lines.setdefault(number, Line.of(texts[number - first]))
        self._owed = max([self._owed, *(number + self.context for number in hits[-1:])])
        latest = block.text.rsplit(b"\n", self.context)[-self.context :]
        beginnings = [line if len(line) <= LONGEST_SHOWN + 1 else line[: LONGEST_SHOWN + 2] for line in latest]
        self._before = [*self._before, *beginnings][-self.context :]

    def _around(self, hits: Iterable[int], first: int, block: Block) -> Iterator[int]:
        yield from range(block.first, min(self._owed, block.last) + 1)
        for number in hits:
            yield from range(max(number - self.context, first), min(number + self.context, block.last) + 1)


def _hits(regexp: Regexp, block: Block) -> Iterator[tuple[int, bytes, int]]:
    """Each matching line: its number, its text, and where in it its first match is."""
    text, position, number, counted = block.text, 0, block.first, 0
    while position <= len(text) and (found := regexp.search(text, position)):
        start, end = found.span()
        begin = text.rfind(b"\n", 0, start) + 1
        ending = text.find(b"\n", end)
        ending = len(text) if ending < 0 else ending
        number += text.count(b"\n", counted, begin)
        counted = begin
        yield number, text[begin:ending], start - begin
        position = ending + 1


def _edge(line: bytes, position: int) -> int:
    """The first byte of a character, at `position` or right after it."""
    edge = position
    while edge < min(position + 3, len(line)) and line[edge] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8's inner bytes
        edge += 1
    return edge
