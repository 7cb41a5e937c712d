"""One page of rows: whole rows, within what the caller may be answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic_core import to_json

from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database.databases import Session
from toolyard_toolkits.database.drivers import Rows
from toolyard_toolkits.database.values import json_value

LONGEST_VALUE = 4000
"""Characters of one value, at most."""
SHORTEST_VALUE = 16
FRAME_BYTES = 500
"""Kept free for what is said around the rows, besides the names of the columns."""


@dataclass(slots=True, kw_only=True)
class Page:
    """At most `most` rows after the first `offset`, in at most `room` bytes of JSON; `more` says that there are others.

    `cut` says that a value is not shown to its end.
    """

    offset: int
    most: int
    room: int
    columns: list[str] = field(default_factory=list[str])
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    more: bool = False
    full: bool = False

    def fill(self, given: Rows, session: Session) -> None:
        """Take the rows of this page, one after the other, so that only these are ever held.

        Raises:
            ToolError: a single row is too long, whatever is done to it.
            TimeoutError: the call is over.
        """
        self.columns = [str(json_value(name, LONGEST_VALUE)) for name in given.columns]
        self.room -= FRAME_BYTES + _size(self.columns)
        for row in _after(self.offset, given.rows, session):
            session.check()
            if len(self.rows) == self.most or not self._take(row):
                self.more = True
                return

    def _take(self, row: Sequence[Any]) -> bool:
        shown, size = _shown(row, LONGEST_VALUE)
        if size > self.room and not self.rows:
            shown, size = self._shortened(row)
        if size > self.room:
            self.full = True
            return False
        self.room -= size
        self.rows.append(shown)
        return True

    def _shortened(self, row: Sequence[Any]) -> tuple[list[Any], int]:
        """A first row that is too long by itself, with its values cut until it fits, so that every page goes on."""
        longest = LONGEST_VALUE
        while longest > SHORTEST_VALUE:
            longest //= 2
            shown, size = _shown(row, longest)
            if size <= self.room:
                return shown, size
        raise ToolError(
            f"a row has {len(row)} columns and does not fit into an answer, even with its values cut to "
            f"{SHORTEST_VALUE} characters; name the columns that you need, and cut long ones with substr"
        )


def _after(offset: int, rows: Iterator[Sequence[Any]], session: Session) -> Iterator[Sequence[Any]]:
    for _ in islice(rows, offset):
        session.check()
    return rows


def _shown(row: Sequence[Any], longest: int) -> tuple[list[Any], int]:
    shown = [json_value(value, longest) for value in row]
    return shown, _size(shown)


def _size(shown: Any) -> int:
    return len(to_json(shown)) + 1
