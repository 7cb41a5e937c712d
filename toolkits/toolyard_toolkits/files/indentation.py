"""How the lines of a file are indented, where a caller's own lines are indented in another way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Indentation:
    """`known` has the file's indentation for each that the caller gave to one of the same lines."""

    known: Mapping[str, str]

    @classmethod
    def between(cls, given: Sequence[str], there: Sequence[str]) -> Indentation:
        """What can be told from lines that say the same, here and there."""
        pairs = ((_indent(mine), _indent(theirs)) for mine, theirs in zip(given, there, strict=True) if mine.strip())
        known: dict[str, str] = {}
        for mine, theirs in pairs:
            known.setdefault(mine, theirs)
        return cls(known=known)

    def fit(self, line: str) -> str:
        """The caller's line, indented as the file would."""
        mine = _indent(line)
        if mine == line:
            return line
        return self._theirs(mine) + line[len(mine) :]

    def _theirs(self, mine: str) -> str:
        if mine in self.known:
            return self.known[mine]
        if nearest := max((each for each in self.known if mine.startswith(each)), key=len, default=None):
            return self.known[nearest] + self._deeper(mine[len(nearest) :])
        base = min(self.known, key=len)
        return self.known[base][: max(0, len(self.known[base]) - len(base) + len(mine))]

    def _deeper(self, more: str) -> str:
        """One step of theirs for each of mine, where tabs stand for blanks or the other way round."""
        for mine, theirs in self.known.items():
            if len(set(mine)) == len(set(theirs)) == 1 and mine[0] != theirs[0]:
                steps = min(len(mine), len(theirs))
                step_of_mine, step_of_theirs = mine[: len(mine) // steps], theirs[: len(theirs) // steps]
                count, rest = divmod(len(more), len(step_of_mine))
                if not rest and more == step_of_mine * count:
                    return step_of_theirs * count
        return more


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
