"""What `sql_export` does: all rows of a query in one file, or no file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database.answers import Format
from toolyard_toolkits.database.databases import Database
from toolyard_toolkits.database.drivers import Rows
from toolyard_toolkits.database.query import check_text, judged
from toolyard_toolkits.database.values import json_value
from toolyard_toolkits.roots import Root

MOST_BYTES = 64 * 1024 * 1024
LONGEST_VALUE = MOST_BYTES

ENDINGS: dict[Format, bytes] = {"csv": b"", "json": b"\n]\n", "jsonl": b""}

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, which may run programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One call of `sql_export`."""

    database: Database
    connection: str
    sql: str
    path: str
    format: Format
    root: Root
    fence: bool
    ctx: ToolContext
    most_bytes: int = MOST_BYTES

    def answer(self) -> str:
        """Raises:
        ToolError: the query is refused, the file would be too large, or cannot be written.
        DeadlineExceeded: the query took too long; no file was written.
        """
        check_text(self.sql)
        judgement = judged(self.database, self.sql)
        if self.fence and judgement.unreadable:
            raise ToolError(f"refused before it ran: {judgement.unreadable}")
        content, rows = bytearray(), 0
        with self.database.session(self.ctx) as session:
            for rows, part in enumerate(self._parts(session.read(self.sql))):
                session.check()
                content += part.encode()
                if len(content) > self.most_bytes:
                    raise self._too_large(rows)
        content += ENDINGS[self.format]
        with self.root.open() as folder:
            folder.write(self.path, bytes(content), replace=self.ctx.caller.profile.file_write == "full")
        return f"{self.path}: {rows} row{'' if rows == 1 else 's'}, {len(content)} bytes of {self.format}"

    def _parts(self, given: Rows) -> Iterator[str]:
        """The file in pieces: what stands before the first row, and then each row."""
        if not given.columns:
            raise ToolError("this statement gives no rows to export; write a SELECT")
        if self.format == "csv":
            return _csv(given)
        return _json(given, lines=self.format == "jsonl")

    def _too_large(self, rows: int) -> ToolError:
        return ToolError(
            f"the file would have more than {self.most_bytes} bytes after {rows} rows, so nothing was written; export "
            f"it in parts, as with WHERE on a key or with LIMIT and OFFSET, each to a path of its own"
        )


def _csv(given: Rows) -> Iterator[str]:
    yield _line([_unformula(name) for name in given.columns])
    for row in given.rows:
        yield _line([_field(value) for value in row])


def _line(fields: list[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(fields)
    return written.getvalue()


def _field(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return _unformula(value)
    shown = json_value(value, LONGEST_VALUE)
    return json.dumps(shown, ensure_ascii=False) if isinstance(shown, dict | list) else shown


def _unformula(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it; a plain number stays as it is."""
    return text if not text.startswith(FORMULA) or _is_number(text) else f"'{text}"


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal() and text.isascii()


def _json(given: Rows, *, lines: bool) -> Iterator[str]:
    yield "" if lines else "["
    names = _distinct(given.columns)
    first = True
    for row in given.rows:
        shown = [json_value(value, LONGEST_VALUE) for value in row]
        text = json.dumps(dict(zip(names, shown, strict=True)), ensure_ascii=False)
        yield f"{text}\n" if lines else f"{'' if first else ','}\n{text}"
        first = False


def _distinct(columns: tuple[str, ...]) -> list[str]:
    """The names, with a number after each that stood before."""
    names = list[str]()
    for name in columns:
        number = 2
        distinct = name
        while distinct in names:
            distinct = f"{name}_{number}"
            number += 1
        names.append(distinct)
    return names
