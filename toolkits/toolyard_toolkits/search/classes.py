"""Classes of characters in a pattern, as sets of ASCII codes and a word on all others."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

ASCII = frozenset(range(128))
NEWLINE = frozenset({10})

OTHERS = r"[\x80-\xff]{1,4}"
"""Any character beyond ASCII, and more: what is no UTF-8 counts differently in each engine."""

_FOLDED = frozenset(map(ord, "kKsS"))
"""The ASCII letters that are the same, when case is ignored, as some letter beyond ASCII."""


def _codes(characters: str) -> frozenset[int]:
    return frozenset(map(ord, characters))


PERL = {
    "d": _codes(string.digits),
    "s": _codes("\t\n\f\r "),
    "w": _codes(string.ascii_letters + string.digits + "_"),
}

POSIX = {
    "alnum": _codes(string.ascii_letters + string.digits),
    "alpha": _codes(string.ascii_letters),
    "ascii": ASCII,
    "blank": _codes("\t "),
    "cntrl": frozenset({*range(32), 127}),
    "digit": _codes(string.digits),
    "graph": frozenset(range(33, 127)),
    "lower": _codes(string.ascii_lowercase),
    "print": frozenset(range(32, 127)),
    "punct": _codes(string.punctuation),
    "space": _codes(string.whitespace),
    "upper": _codes(string.ascii_uppercase),
    "word": PERL["w"],
    "xdigit": _codes(string.hexdigits),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """`codes` are exact; `others` says whether any character beyond ASCII may be among them.

    `exact` of False means that nothing is known of them: any character may be.
    """

    codes: frozenset[int] = frozenset()
    others: bool = False
    exact: bool = True

    @classmethod
    def between(cls, first: int, last: int) -> Self:
        return cls(codes=frozenset(range(first, min(last, 127) + 1)), others=last > 127)  # noqa: PLR2004 - ASCII's last

    def __or__(self, other: Characters) -> Characters:
        return Characters(
            codes=self.codes | other.codes, others=self.others or other.others, exact=self.exact and other.exact
        )

    def but(self) -> Characters:
        """All characters but these."""
        return Characters(codes=ASCII - self.codes, others=True, exact=self.exact)

    def folded(self) -> Characters:
        """These in both cases."""
        codes = {ord(case) for code in self.codes for case in (chr(code).lower(), chr(code).upper())}
        return Characters(codes=frozenset(codes), others=self.others or bool(codes & _FOLDED), exact=self.exact)

    def loose(self, *, fold: bool) -> str:
        """A pattern of bytes for ripgrep that matches all of these, and perhaps more, but no newline."""
        codes = self.codes if self.exact else ASCII
        if fold and self.others:
            codes |= _FOLDED
        if len(codes - NEWLINE) == 1 and self.exact and not self.others:
            return _one(*(codes - NEWLINE))  # ripgrep looks for literal text first, and knows it best in this form
        parts = ([_class(codes - NEWLINE)] if codes - NEWLINE else []) + [OTHERS] * (self.others or not self.exact)
        return f"(?:{'|'.join(parts) or NOTHING})"


NOTHING = r"[^\x00-\xff]"


def _class(codes: Iterable[int]) -> str:
    return f"[{''.join(map(_one, sorted(codes)))}]"


def _one(code: int) -> str:
    return rf"\x{code:02x}"
