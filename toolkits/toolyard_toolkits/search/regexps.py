"""RE2, the one engine that ever sees somebody else's pattern: it takes linear time, whatever the pattern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import re2  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

MEMORY = 4 * 1024 * 1024
"""Bytes that one compiled pattern may take, its cache included."""

_module = cast("Any", re2)


class Found(Protocol):
    """One match, by its offsets in bytes."""

    def span(self) -> tuple[int, int]: ...


class Regexp(Protocol):
    """A compiled pattern; `search` lets other threads run meanwhile."""

    @property
    def programsize(self) -> int: ...
    def search(self, text: bytes, pos: int = 0) -> Found | None: ...
    def fullmatch(self, text: bytes) -> Found | None: ...


class RegexpError(ValueError):
    """RE2 takes no such pattern; the message says why."""


def compiled(pattern: str, *, within_lines: bool = False) -> Regexp:
    """The pattern, to be searched in UTF-8. `within_lines` matches no newline, whatever the pattern says.

    Raises:
        RegexpError: it is no pattern of RE2, or it is too large.
    """
    try:
        return cast("Regexp", _module.compile(pattern.encode(), _options(within_lines=within_lines)))
    except _module.error as error:
        raise RegexpError(error.args[0].decode(errors="replace")) from error
    finally:
        _module.purge()  # it keeps the last 128 patterns, which are the callers' own


class RegexpSet:
    """Several patterns, each for the whole of a text."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """
        Raises:
            RegexpError: one of them is no pattern, or all of them together are too large.
        """
        self._set = _module.Set.FullMatchSet(_options())
        try:
            for pattern in patterns:
                self._set.Add(pattern.encode())
            self._set.Compile()
        except _module.error as error:
            raise RegexpError(str(error)) from error

    def matches(self, text: str) -> Sequence[int]:
        """Which of them match, by their numbers from 0, in no order."""
        return cast("Sequence[int]", self._set.Match(text.encode(errors="replace")) or ())


def _options(*, within_lines: bool = False) -> Any:
    options = _module.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    options.never_capture = True
    options.never_nl = within_lines
    return options
