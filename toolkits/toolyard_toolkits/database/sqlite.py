"""SQLite: a file that is opened read-only, by a connection that refuses whatever is not reading."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import URL, make_url

from toolyard_toolkits.database.addresses import Address
from toolyard_toolkits.database.authorizer import reading, writing
from toolyard_toolkits.database.bounded import BoundedConnection, bound
from toolyard_toolkits.database.drivers import Rows

BUSY = 5.0
"""Seconds to wait for somebody else's write to end, at most; half of the call's time if that is less."""

LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 1024 * 1024),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_VDBE_OP, 1_000_000),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteDriver:
    address: Address

    label = "SQLite"
    errors = (sqlite3.Error, sqlite3.Warning)

    def sqlalchemy_url(self) -> URL:
        return make_url("sqlite://").set(database=self.address.file)

    def connect(self, *, write: bool) -> sqlite3.Connection:
        uri = f"file:{quote(self.address.file)}?mode={'rw' if write else 'ro'}"
        raw = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=0,
            factory=BoundedConnection,
        )
        for limit, most in LIMITS:
            raw.setlimit(limit, most)
        if sys.version_info >= (3, 12):
            raw.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        raw.text_factory = _text
        bound(raw)
        if write:
            raw.execute("PRAGMA foreign_keys = ON")
        else:
            raw.execute("PRAGMA query_only = ON")
        return raw

    def begin(self, raw: sqlite3.Connection, *, write: bool, seconds: float) -> None:
        raw.execute(f"PRAGMA busy_timeout = {int(min(BUSY, seconds / 2) * 1000)}")
        if write:
            raw.execute("BEGIN IMMEDIATE")
        raw.set_authorizer(writing if write else reading)

    def read(self, raw: sqlite3.Connection, sql: str) -> Rows:
        cursor = raw.execute(sql)
        return Rows(columns=_columns(cursor), rows=cast("Iterator[tuple[Any, ...]]", cursor))

    def change(self, raw: sqlite3.Connection, sql: str) -> Rows:
        before = raw.total_changes
        cursor = raw.execute(sql)
        rows = cursor.fetchall()
        return Rows(columns=_columns(cursor), rows=iter(rows), changed=raw.total_changes - before)

    def commit(self, raw: sqlite3.Connection) -> None:
        raw.set_authorizer(None)
        raw.commit()

    def cancel(self, raw: sqlite3.Connection) -> None:
        raw.interrupt()

    def sever(self, raw: sqlite3.Connection) -> None:
        raw.interrupt()

    def end(self, raw: sqlite3.Connection, opened: Sequence[Rows]) -> None:
        raw.set_authorizer(None)

    def said(self, error: Exception) -> str:
        said = str(error)
        if said.startswith("unable to open database file"):
            return "the file cannot be opened: it is missing, may not be read, or was left in the middle of a write"
        if said == "user-defined function raised exception":
            return "a function was given more text than it can work through in time; give it less"
        if "readonly database" in said:
            return f"{said}: this call may only read"
        if said in ("not authorized", "authorization denied") or "prohibited" in said:
            return f"{said}: this statement does more than the call may"
        return said

    def ran_out(self, error: Exception) -> bool:
        return str(error) == "interrupted"


def _text(stored: bytes) -> str:
    return stored.decode(errors="replace")


def _columns(cursor: sqlite3.Cursor) -> tuple[str, ...]:
    return tuple(str(column[0]) for column in cast("tuple[tuple[Any, ...], ...]", cursor.description or ()))
