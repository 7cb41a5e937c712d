"""The wildcards in one name of a path pattern: `*`, `?` and `[…]`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WILD = re.compile(r"[*?\[]")
_POSIX_CLASS = re.compile(r"\[:(?:alnum|alpha|blank|cntrl|digit|lower|space|upper|xdigit):\]")


class WildcardError(ValueError):
    """A class in a pattern does not end, or a backslash is the last of it."""


def has_wildcards(text: str) -> bool:
    return _WILD.search(re.sub(r"\\.", "", text, flags=re.DOTALL)) is not None


def unescaped(text: str) -> str:
    """The name that a text without wildcards stands for.

    Raises:
        WildcardError: a backslash is the last of it.
    """
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise WildcardError("`\\` stands before nothing")
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def regexp_of(text: str) -> str:
    """A pattern of RE2 for what the wildcards stand for; none of them ever stands for a `/`.

    Raises:
        WildcardError: see there.
    """
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match text[position]:
            case "*":
                yield "[^/]*"
                while text[position + 1 : position + 2] == "*":
                    position += 1
            case "?":
                yield "[^/]"
            case "[":
                position, found = _class(text, position)
                yield found
            case "\\":
                position += 1
                if position == len(text):
                    raise WildcardError("`\\` stands before nothing")
                yield _code(text[position])
            case character:
                yield _code(character)
        position += 1


def _class(text: str, start: int) -> tuple[int, str]:
    """Where the class that begins at `start` ends, and what it is in RE2."""
    position = start + 1
    negated = text[position : position + 1] in ("!", "^")
    position = first = position + negated
    items: list[str] = []
    while text[position : position + 1] != "]" or position == first:
        if named := _POSIX_CLASS.match(text, position):
            items.append(named.group())
            position = named.end()
            continue
        position, low = _one(text, position)
        high = low
        if text[position : position + 1] == "-" and text[position + 1 : position + 2] not in ("]", ""):
            position, high = _one(text, position + 1)
        if low > high:
            raise WildcardError(f"`[` has the range {low}-{high}, which goes backwards")
        items += _without_slash(low, high)
    inside = "".join(items)
    return position, f"[^/{inside}]" if negated else f"[{inside}]" if inside else r"[^\x00-\x{10ffff}]"


def _without_slash(low: str, high: str) -> Iterator[str]:
    for first, last in ((low, min(high, ".")), (max(low, "0"), high)):
        if first <= last:
            yield f"{_code(first)}-{_code(last)}"


def _one(text: str, position: int) -> tuple[int, str]:
    if text[position : position + 1] == "\\":
        position += 1
    if position >= len(text):
        raise WildcardError("`[` has no `]`")
    return position + 1, text[position]


def _code(character: str) -> str:
    return rf"\x{{{ord(character):x}}}"
