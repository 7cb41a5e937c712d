"""Patterns for paths, such as `src/**/*.{py,pyi}`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import named
from toolyard_toolkits.search.regexps import Regexp, RegexpError, compiled
from toolyard_toolkits.search.wildcards import WildcardError, has_wildcards, regexp_of, unescaped

LONGEST = 1000
MOST_ALTERNATIVES = 100

State = frozenset[tuple[int, int]]
"""How far paths have come: for each pattern that can still match, the number of its part that comes next."""

NOWHERE: State = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a pattern between two `/`. `literal` is the only name it stands for, if there is just one.

    A name that begins with a `.` has to be asked for: only a part that begins with one stands for it, and only
    `.git` itself for `.git`.
    """

    literal: str | None
    regexp: Regexp | None
    hidden: bool

    @classmethod
    def of(cls, text: str) -> Self:
        if not has_wildcards(text):
            return cls(literal=unescaped(text), regexp=None, hidden=True)
        return cls(literal=None, regexp=compiled(f"(?s)(?:{regexp_of(text)})"), hidden=text.startswith((".", "\\.")))

    def matches(self, name: str) -> bool:
        if self.regexp is None:
            return name == self.literal
        if name.startswith(".") and (not self.hidden or name == ".git"):
            return False
        return self.regexp.fullmatch(name.encode(errors="replace")) is not None


ANY_FOLDERS = None
"""The part `**`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glob:
    """A path is followed name by name, from `start`, so that no folder is entered that nothing can match in."""

    patterns: tuple[tuple[Part | None, ...], ...]

    @classmethod
    def of(cls, text: str, *, anywhere: bool = False) -> Self:
        """`anywhere` lets a pattern without a `/` match in every folder.

        Raises:
            ToolError: it is no pattern, or leads out of the folder.
        """
        _check(text)
        try:
            parts = [_parts(each, anywhere=anywhere) for each in _alternatives(text)]
            return cls(
                patterns=tuple(tuple(part if part is None else Part.of(part) for part in each) for each in parts)
            )
        except (WildcardError, RegexpError) as error:
            raise _refusal(text, f"{error}; write a literal one as \\[ or \\{{") from error

    @property
    def start(self) -> State:
        return self._closed((number, 0) for number in range(len(self.patterns)))

    def after(self, state: State, name: str) -> State:
        """The state after `name`; an empty one when no path through it can match."""
        return self._closed(self._steps(state, name))

    def found(self, state: State) -> bool:
        """Whether a file is what a pattern asks for."""
        return any(place == len(self.patterns[number]) for number, place in state)

    def _steps(self, state: State, name: str) -> Iterator[tuple[int, int]]:
        for number, place in state:
            pattern = self.patterns[number]
            if place == len(pattern):
                continue
            part = pattern[place]
            if part is None and not name.startswith("."):
                yield number, place
            elif part is not None and part.matches(name):
                yield number, place + 1

    def _closed(self, places: Iterator[tuple[int, int]]) -> State:
        """With the places behind each `**`, which may stand for no folder at all."""
        found: set[tuple[int, int]] = set()
        for number, place in places:
            pattern, here = self.patterns[number], place
            found.add((number, here))
            while here < len(pattern) and pattern[here] is ANY_FOLDERS:
                here += 1
                found.add((number, here))
        return frozenset(found)


EVERYTHING = "**/*"


def _check(text: str) -> None:
    if not text or len(text) > LONGEST:
        raise _refusal(text, f"expected 1 to {LONGEST} characters, such as `**/*.py`")
    if "\0" in text:
        raise _refusal(text, "no path can hold a NUL character")
    if text.startswith(("/", "~")):
        raise _refusal(text, "give a pattern relative to the searched folder, such as `src/**/*.py`")
    if text.startswith("!"):
        raise _refusal(text, "a pattern says what to find, not what to leave out; write a literal `!` as `\\!`")


def _parts(text: str, *, anywhere: bool) -> list[str | None]:
    if not text:
        raise WildcardError("its braces stand for an empty pattern, too")
    names = [name for name in text.split("/") if name not in ("", ".")]
    if ".." in names:
        raise _refusal(text, "`..` is not supported; give the folder as path= and a pattern for what is below it")
    if not names or text.endswith("/"):
        names.append("**")
    if anywhere and "/" not in text:
        names.insert(0, "**")
    parts = [ANY_FOLDERS if name == "**" else name for name in names]
    return [*parts, "*"] if parts[-1] is ANY_FOLDERS else parts


def _alternatives(text: str) -> list[str]:
    """The patterns that the braces in `text` stand for."""
    found, done = [text], list[str]()
    while found:
        if len(found) + len(done) > MOST_ALTERNATIVES:
            raise _refusal(text, f"its braces stand for more than {MOST_ALTERNATIVES} patterns; use fewer")
        begin, middle, end = _braces(found.pop(0))
        if middle is None:
            done.append(begin)
        else:
            found += [f"{begin}{each}{end}" for each in middle]
    return done


def _braces(text: str) -> tuple[str, list[str] | None, str]:
    """What is before the first braces, what they hold, and what is behind them; `None` when there are none."""
    start, depth, cuts, position = -1, 0, list[int](), 0
    while position < len(text):
        match text[position]:
            case "\\":
                position += 1
            case "{":
                start, depth = position if depth == 0 else start, depth + 1
            case "," if depth == 1:
                cuts.append(position)
            case "}" if depth == 1:
                edges = [start, *cuts, position]
                held = [text[left + 1 : right] for left, right in pairwise(edges)]
                return text[:start], held, text[position + 1 :]
            case "}" if depth:
                depth -= 1
            case _:
                pass
        position += 1
    if depth:
        raise WildcardError("`{` has no `}`")
    return text, None, ""


def _refusal(text: str, reason: str) -> ToolError:
    return ToolError(f"glob pattern `{named(text)}`: {reason}")
