"""MariaDB and MySQL: a read-only transaction, statements that the server knows to give rows, and a user with no more
rights than those on databases.

The transaction alone does not hold here: `BEGIN NOT ATOMIC`, `IF` and `CALL` are one statement each, and what is in
them can end the transaction and begin one that writes. The server is therefore asked first, by preparing the statement,
whether it gives rows: these never do, and neither does any other statement that changes something.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pymysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import SSCursor
from sqlalchemy import URL, make_url

from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database import mariadb_wire as wire
from toolyard_toolkits.database.addresses import REDACTED, Address
from toolyard_toolkits.database.drivers import CONNECTING, Rows
from toolyard_toolkits.database.mariadb_grants import check_grants

SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
"""Not the server's own: quotes and backslashes must mean the same to the server and to whoever reads the SQL first."""

AS_TEXT = {FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIME, FIELD_TYPE.NEWDATE}
CONVERSIONS = {kind: how for kind, how in conversions.items() if kind not in AS_TEXT}

KILLED = frozenset({1317, 1969, 3024, 1205, 1927, 2013, 2006})
"""Interrupted, past max_statement_time or max_execution_time, past a lock's time; the connection killed or gone."""
NO_ROWS = "this statement gives no rows, so it is none that only reads; write a SELECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class MariadbDriver:
    address: Address

    label = "MariaDB"
    errors = (pymysql.Error, OSError)

    def sqlalchemy_url(self) -> URL:
        return make_url(self.address.url).set(drivername="mysql+pymysql")

    def connect(self, *, write: bool) -> pymysql.Connection[Any]:
        raw = self._open()
        try:
            check_grants(raw, self.address.connection)
        except BaseException:
            self.sever(raw)
            raise
        return raw

    def _open(self) -> pymysql.Connection[Any]:
        url = self.sqlalchemy_url()
        known = dict[str, Any](url.get_dialect()().create_connect_args(url)[1])
        known.setdefault("connect_timeout", CONNECTING)
        known.setdefault("charset", "utf8mb4")
        known["client_flag"] = known.get("client_flag", 0) & ~CLIENT.MULTI_STATEMENTS & ~CLIENT.LOCAL_FILES
        known.update(password=self.address.password or "", local_infile=False, autocommit=True)
        known.update(conv=CONVERSIONS, sql_mode=SQL_MODE, init_command="SET SESSION TRANSACTION READ ONLY")
        return pymysql.connect(**known)

    def begin(self, raw: pymysql.Connection[Any], *, write: bool, seconds: float) -> None:
        waits = max(int(seconds), 1)
        mine = "MariaDB" in wire.server_version(raw)
        limit = f"max_statement_time = {seconds:.3f}" if mine else f"max_execution_time = {max(int(seconds * 1000), 1)}"
        with raw.cursor() as cursor:
            cursor.execute(f"SET SESSION {limit}, lock_wait_timeout = {waits}, innodb_lock_wait_timeout = {waits}")
            if write:
                cursor.execute("SET SESSION TRANSACTION READ WRITE")
            cursor.execute("START TRANSACTION READ WRITE" if write else "START TRANSACTION READ ONLY")

    def read(self, raw: pymysql.Connection[Any], sql: str) -> Rows:
        if not wire.gives_rows(raw, sql):
            raise ToolError(NO_ROWS)
        cursor = raw.cursor(SSCursor)
        cursor.execute(sql)
        return Rows(columns=_columns(cursor), rows=self._without_hash(cursor))

    def _without_hash(self, cursor: Any) -> Iterator[Sequence[Any]]:
        """A user's own grants show the hash of its password."""
        shown = _hash_of(self.address.password or "")
        for row in cast("Iterator[tuple[Any, ...]]", iter(cursor.fetchone, None)):
            yield [_hidden(each, shown) for each in row]

    def change(self, raw: pymysql.Connection[Any], sql: str) -> Rows:
        cursor = raw.cursor()
        changed = cursor.execute(sql)
        columns = _columns(cursor)
        rows = cast("Sequence[tuple[Any, ...]]", cursor.fetchall() if columns else ())
        return Rows(columns=columns, rows=iter(rows), changed=changed)

    def commit(self, raw: pymysql.Connection[Any]) -> None:
        raw.commit()

    def cancel(self, raw: pymysql.Connection[Any]) -> None:
        self._kill(raw, "QUERY")

    def _kill(self, raw: pymysql.Connection[Any], what: str) -> None:
        with self._open() as other, other.cursor() as cursor:
            cursor.execute(f"KILL {what} {wire.thread_id(raw)}")

    def sever(self, raw: pymysql.Connection[Any]) -> None:
        wire.shut(raw)

    def end(self, raw: pymysql.Connection[Any], opened: Sequence[Rows]) -> None:
        if wire.abandon_rows(raw):
            self._kill(raw, "CONNECTION")

    def said(self, error: Exception) -> str:
        return str(error.args[1]) if isinstance(error, pymysql.Error) and len(error.args) > 1 else str(error)

    def ran_out(self, error: Exception) -> bool:
        return bool(error.args) and error.args[0] in KILLED


def _columns(cursor: Any) -> tuple[str, ...]:
    return tuple(str(column[0]) for column in cursor.description or ())


def _hash_of(password: str) -> re.Pattern[str]:
    inner = hashlib.sha1(password.encode()).digest()  # noqa: S324 - how the server itself makes it
    return re.compile(re.escape(hashlib.sha1(inner).hexdigest()), re.IGNORECASE)  # noqa: S324 - as above


def _hidden(value: Any, shown: re.Pattern[str]) -> Any:
    return shown.sub(REDACTED, value) if isinstance(value, str) else value
