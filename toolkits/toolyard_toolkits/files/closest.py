"""What a text says that is nearest to lines that it does not have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from toolyard_toolkits.files.matching import key

SHOWN_LINES = 12
LONGEST_LINE = 160
COMPARED_LINES = 5000
WANTED_LINES = 200
LIKELY = 0.5
"""How similar a line must be, from 0 to 1, to be worth a look."""

_NUMBERED = re.compile(r" *[0-9]+\t")


def closest(text: str, old: str) -> str:
    """What may help a caller whose `old` is not in `text`: the nearest lines, with their numbers."""
    lines, wanted = text.split("\n"), [line for line in old.split("\n") if line.strip()]
    if wanted and all(_NUMBERED.match(line) for line in wanted):
        return "leave out the numbers and tabs that `read` puts before each line: they are not in the file"
    first = _nearest(lines, wanted[:WANTED_LINES]) if wanted else None
    if first is None:
        return "see with `read` what it says, and copy the lines from there"
    shown = [f"{number + 1:6}\t{_cut(lines[number])}" for number in _around(lines, first, len(wanted))]
    return "\n".join(["copy the lines from the file; the closest ones are:", *shown])


def _nearest(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The line at which most of `wanted` would be in their places, or one that is similar to the first of them."""
    places: dict[str, list[int]] = {}
    asked = set(map(key, wanted))
    for number, line in enumerate(lines):
        if (said := key(line)) in asked and len(found := places.setdefault(said, [])) < COMPARED_LINES:
            found.append(number)
    votes = Counter(max(number - k, 0) for k, line in enumerate(wanted) for number in places.get(key(line), ()))
    if votes:
        return votes.most_common(1)[0][0]
    return _similar(lines, key(wanted[0])[:LONGEST_LINE])


def _similar(lines: Sequence[str], wanted: str) -> int | None:
    matcher = SequenceMatcher(None, "", wanted)
    best, at = LIKELY, None
    for number, line in enumerate(lines[:COMPARED_LINES]):
        matcher.set_seq1(key(line[: 2 * LONGEST_LINE])[:LONGEST_LINE])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, at = matcher.ratio(), number
    return at


def _around(lines: Sequence[str], first: int, count: int) -> range:
    start = max(first - 1, 0)
    return range(start, min(start + min(count + 2, SHOWN_LINES), len(lines)))


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
