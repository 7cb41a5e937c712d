"""Where in a text an old piece of it is, and what takes its place: exactly, or whatever its white space."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice

from toolyard_toolkits.files.document import Change
from toolyard_toolkits.files.indentation import Indentation

MOST_PLACES = 100_000
MOST_LINES = 200_000
"""A text of more is searched for what is there exactly, and for nothing else."""


def exact(text: str, old: str, new: str) -> Iterator[Change]:
    """Each place where `text` says `old`, none of them overlapping the one before."""
    start = text.find(old)
    while start >= 0:
        yield Change(start=start, end=start + len(old), new=new)
        start = text.find(old, start + len(old))


def overlapping(text: str, old: str) -> Iterator[int]:
    """Where `text` says `old`, also where one place overlaps another."""
    start = text.find(old)
    while start >= 0:
        yield start
        start = text.find(old, start + 1)


def tolerant(text: str, old: str, new: str) -> Iterator[Change]:
    """Each place where whole lines of `text` say what those of `old` do, but for their white space.

    What is new is indented as the lines are that it replaces, and a line that stays is kept as it was.
    """
    lines = text.split("\n")
    wanted, given = _trimmed(old.split("\n"), new.split("\n"))
    if not wanted:
        return
    start, counted = 0, 0
    for first in _found([key(line) for line in lines], [key(line) for line in wanted]):
        start, counted = start + sum(len(line) + 1 for line in islice(lines, counted, first)), first
        there = lines[first : first + len(wanted)]
        end = start + sum(len(line) + 1 for line in there)
        if old.endswith("\n") and not new:  # the lines go, and not only what is in them
            yield Change(start=start, end=min(end, len(text)), new="")
        else:
            yield Change(start=start, end=end - 1, new="\n".join(_fitted(there, wanted, given)))


def key(line: str) -> str:
    """What a line says, with one blank for any white space between its words and none around them."""
    return " ".join(line.split())


def _trimmed(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Both without the blank lines around `old`, as far as `new` has them too."""
    while old and not old[0].strip():
        old, new = old[1:], new[1:] if new and not new[0].strip() else new
    while old and not old[-1].strip():
        old, new = old[:-1], new[:-1] if new and not new[-1].strip() else new
    return old, new


def _found(keys: list[str], wanted: list[str]) -> Iterator[int]:
    """The lines where `wanted` begin, none of them overlapping the ones before."""
    text, piece = ("\n".join(("", *each, "")) for each in (keys, wanted))
    line, counted, start = 0, 0, text.find(piece)
    while start >= 0:
        line, counted = line + text.count("\n", counted, start), start
        yield line
        start = text.find(piece, start + len(piece) - 1)


def _fitted(there: list[str], old: list[str], new: list[str]) -> Iterator[str]:
    indentation = Indentation.between(old, there)
    for tag, first, after, new_first, new_after in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield from there[first:after]
        else:
            yield from map(indentation.fit, new[new_first:new_after])


def at_most(changes: Iterator[Change]) -> list[Change]:
    """The first of them, one more than MOST_PLACES at the most."""
    return list(islice(changes, MOST_PLACES + 1))
