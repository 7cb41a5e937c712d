"""The pattern that `grep` looks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import named
from toolyard_toolkits.search.blocks import LONGEST_LINE
from toolyard_toolkits.search.class_parsing import UnknownSyntaxError
from toolyard_toolkits.search.regexps import Regexp, RegexpError, compiled
from toolyard_toolkits.search.rewriting import LineError, Rewriting, UnsupportedError

LONGEST = 4000
LARGEST_PROGRAM = 4000
"""Instructions of a compiled pattern: at worst, each byte of a text takes a step for each of them."""
MOST_STEPS = 40_000_000
"""What is searched at once, with no look at the time: less than a second."""
LARGEST_LOOSE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """`regexp` finds it, line by line; `loose`, if any, is what ripgrep finds in every file that has it."""

    text: str
    regexp: Regexp = field(repr=False)
    loose: str | None = field(repr=False)

    @property
    def longest_line(self) -> int:
        """Bytes of a line that are searched."""
        return min(LONGEST_LINE, MOST_STEPS // self.regexp.programsize)

    @classmethod
    def of(cls, text: str, *, ignore_case: bool = False) -> Self:
        """
        Raises:
            ToolError: it is no pattern, or one that takes too long.
        """
        if len(text) > LONGEST:
            raise _refusal(text, f"it has {len(text)} characters, expected at most {LONGEST}; search for a part of it")
        try:
            rewriting = Rewriting(text, ignore_case)
            regexp = compiled("".join(rewriting.exact), within_lines=True)
        except LineError as error:
            reason = "a pattern is searched within each line, and this one has a newline; search for one of its lines"
            raise _refusal(text, f"{reason}, with context=") from error
        except UnsupportedError as error:
            raise _refusal(text, str(error)) from error
        except (UnknownSyntaxError, RegexpError, UnicodeEncodeError) as error:
            raise _refusal(text, f"{_reason(text, error)}; `\\(` is a literal `(`, and so on") from error
        if regexp.programsize > LARGEST_PROGRAM:
            raise _refusal(text, "it is too large; use smaller repetition counts")
        return cls(text=text, regexp=regexp, loose=_loose(rewriting, regexp))


def _loose(rewriting: Rewriting, regexp: Regexp) -> str | None:
    return "(?-u)" + "".join(rewriting.loose) if regexp.programsize <= LARGEST_LOOSE else None


def _reason(text: str, error: Exception) -> str:
    """What RE2 says of the pattern as it was given."""
    try:
        compiled(text)
    except (RegexpError, UnicodeEncodeError) as said:
        error = said
    if isinstance(error, UnicodeEncodeError):
        return "it holds half a character, which no text can"
    return str(error) if isinstance(error, RegexpError) else f"unsupported: {error}"


def _refusal(text: str, reason: str) -> ToolError:
    return ToolError(f"pattern `{named(text)}`: {reason}")
