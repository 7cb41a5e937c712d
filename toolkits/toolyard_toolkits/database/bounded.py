"""Functions of SQLite that can take for ever within one step, where no interrupt reaches them; these say no instead."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from functools import partial
from typing import Any

MOST_STEPS = 10**9
"""Comparisons of one call: SQLite takes seconds for them."""
WIDEST = 100_000

_WIDTHS = re.compile(r"\d{6,}")


class BoundedConnection(sqlite3.Connection):
    """A connection that closes, with itself, the one in memory that its bounded functions call."""

    functions: sqlite3.Connection | None = None

    def close(self) -> None:
        super().close()
        if self.functions is not None:
            self.functions.close()


def bound(raw: BoundedConnection) -> None:
    """Put bounded functions in the place of SQLite's own, which they call."""
    raw.functions = sqlite3.connect(":memory:", check_same_thread=False)
    own = _Own(raw.functions)
    for name in ("trim", "ltrim", "rtrim"):
        for count in (1, 2):
            raw.create_function(name, count, partial(own.trim, name), deterministic=True)
    raw.create_function("instr", 2, own.instr, deterministic=True)
    raw.create_function("replace", 3, own.replace, deterministic=True)
    for name in ("printf", "format"):  # two names of one function, the second since SQLite 3.38
        raw.create_function(name, -1, own.printf, deterministic=True)


@dataclass(frozen=True, slots=True)
class _Own:
    """SQLite's own functions, behind a look at what they are given."""

    database: sqlite3.Connection

    def instr(self, text: Any, part: Any) -> Any:
        if isinstance(text, str) and isinstance(part, str):
            return text.find(part) + 1  # linear, and what SQLite says
        _check_product(text, part)
        return self._call("instr", text, part)

    def replace(self, text: Any, old: Any, new: Any) -> Any:
        _check_product(text, old)
        _check_size(text, old, new)
        return self._call("replace", text, old, new)

    def trim(self, name: str, *given: Any) -> Any:
        _check_product(given[0], given[1] if len(given) > 1 else " ")
        return self._call(name, *given)

    def printf(self, *given: Any) -> Any:
        _check_widths(given)
        return self._call("printf", *given)

    def _call(self, name: str, *given: Any) -> Any:
        places = ", ".join("?" * len(given))
        return self.database.execute(f"SELECT {name}({places})", given).fetchone()[0]


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes) else 32


def _check_product(text: Any, part: Any) -> None:
    if _length(text) * _length(part) > MOST_STEPS:
        raise ValueError


def _check_size(text: Any, old: Any, new: Any) -> None:
    if _length(text) // max(_length(old), 1) * _length(new) > MOST_STEPS:
        raise ValueError


def _check_widths(given: tuple[Any, ...]) -> None:
    """`%*d` takes its width from an argument, and `%.*c` writes as often as that says."""
    template = str(given[0]) if given else ""
    starred = "*" in template and any(isinstance(each, int | float) and abs(each) > WIDEST for each in given)
    if starred or _WIDTHS.search(template):
        raise ValueError
