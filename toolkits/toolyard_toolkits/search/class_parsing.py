"""Reading a class of characters, such as `[^a-z\\d[:punct:]]`, as RE2 does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolyard_toolkits.search.classes import PERL, POSIX, Characters

CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

# These two see a few characters at one place and cannot backtrack: nothing in them is repeated without a bound.
_CODE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|([1-7][0-7]{1,2}|0[0-7]{0,2}))", re.ASCII)
_PROPERTY = re.compile(r"\\[pP](?:\{[^}]{0,40}\}|.)", re.DOTALL)
_POSIX = re.compile(r"\[:(\^?)([a-z]{1,10}):\]")

UNKNOWN = Characters(exact=False)


class UnknownSyntaxError(ValueError):
    """Something that RE2 itself has to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """What a backslash begins, up to `end`: one character by its `code`, or several."""

    end: int
    code: int | None = None
    characters: Characters = UNKNOWN


def read_escape(pattern: str, start: int) -> Escape:
    """The escape at `start`, in a class or outside.

    Raises:
        UnknownSyntaxError: it is none that stands for characters.
    """
    if found := _CODE.match(pattern, start):
        short, long, octal = found.groups()
        return Escape(end=found.end(), code=int(octal, 8) if octal else int(short or long, 16))
    if found := _PROPERTY.match(pattern, start):
        return Escape(end=found.end())
    following = pattern[start + 1 : start + 2]
    if (known := PERL.get(following.lower())) is not None:
        characters = Characters(codes=known)
        return Escape(end=start + 2, characters=characters if following.islower() else characters.but())
    if following in CONTROLS:
        return Escape(end=start + 2, code=CONTROLS[following])
    if following.isascii() and following and not following.isalnum():
        return Escape(end=start + 2, code=ord(following))
    raise UnknownSyntaxError(pattern[start : start + 2])


def read_class(pattern: str, start: int, *, fold: bool) -> tuple[int, Characters]:
    """The end of the class that begins at `start`, and what it stands for.

    Raises:
        UnknownSyntaxError: it does not end, or holds what is no class.
    """
    position = start + 1
    negated = pattern.startswith("^", position)
    position = first = position + negated
    found = Characters()
    while position == first or not pattern.startswith("]", position):
        position, characters = _read_item(pattern, position)
        found |= characters
    found = found.folded() if fold else found
    return position + 1, found.but() if negated else found


def _read_item(pattern: str, position: int) -> tuple[int, Characters]:
    if named := _POSIX.match(pattern, position):
        negation, name = named.groups()
        if name not in POSIX:
            raise UnknownSyntaxError(named.group())
        characters = Characters(codes=POSIX[name])
        return named.end(), characters.but() if negation else characters
    low = _read_one(pattern, position)
    if low.code is None:
        return low.end, low.characters
    if not pattern.startswith("-", low.end) or pattern.startswith("]", low.end + 1):
        return low.end, Characters.between(low.code, low.code)
    high = _read_one(pattern, low.end + 1)
    if high.code is None:
        raise UnknownSyntaxError(pattern[position : high.end])
    return high.end, Characters.between(low.code, high.code)


def _read_one(pattern: str, position: int) -> Escape:
    if position >= len(pattern):
        raise UnknownSyntaxError("[")
    if pattern[position] == "\\":
        return read_escape(pattern, position)
    return Escape(end=position + 1, code=ord(pattern[position]))
