"""What a redaction looks for: patterns over bytes, and what a pattern alone cannot say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[bytes, int, int], int]
"""Of a text, and where a find begins and ends: where it ends indeed, or 0 when it is none."""

EDGE = r"(?:^|[^0-9A-Za-z]|\\[nrtbf])"
"""What stands before a word or a number; a line break may be one that JSON has escaped."""

_NO_DIGITS = bytes(range(256)).translate(None, b"0123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`pattern` is a regular expression over UTF-8 bytes, whose first group is what is redacted.

    What a check refuses is searched once more from its second byte on, unless the rule `skips` it as a whole: so a find
    that is not skipped must be short, or a hostile text would be searched many times.
    """

    kind: str
    pattern: str
    check: Check | None = None
    skips: bool = False


def alone(text: bytes, start: int, end: int) -> int:
    """A number that no further digit follows."""
    return 0 if text[end : end + 1].isdigit() else end


def digits_of(text: bytes, start: int, end: int) -> bytes:
    """The digits of a find, without what separates them."""
    return text[start:end].translate(None, _NO_DIGITS)


def has_digit(found: bytes) -> bool:
    """Whether there is a digit in it."""
    return len(found.translate(None, b"0123456789")) < len(found)
