"""PostgreSQL: a read-only transaction, one statement by the extended protocol, and a role that can do no more."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg.types.string import TextLoader
from sqlalchemy import URL, make_url

from toolyard_toolkits.database.addresses import Address
from toolyard_toolkits.database.drivers import CONNECTING, Rows, UnsafeRoleError

CHUNK = 50
"""Rows that are fetched at once."""
CANCELLING = 1.0

OPTIONS = "-c default_transaction_read_only=on -c standard_conforming_strings=on -c backslash_quote=safe_encoding"

AS_TEXT = """
    date time timetz timestamp timestamptz interval numeric uuid inet cidr int4range int8range numrange tsrange
    tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange
"""
"""Types that are shown as the server writes them: Python has no word for some of their values, such as infinity."""

TOO_MUCH = """
    SELECT r.rolname,
           CASE WHEN r.rolsuper THEN 'is a superuser'
                WHEN r.rolcreaterole THEN 'may create roles'
                WHEN r.rolreplication THEN 'may replicate'
                ELSE 'reaches files, programs or sessions of the server'
           END
      FROM pg_catalog.pg_roles AS r
     WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
       AND (r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolname IN (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_signal_backend',
            'pg_checkpoint', 'pg_create_subscription', 'pg_maintain', 'pg_write_all_data'))
     ORDER BY r.rolsuper DESC, r.rolname
"""

FITTING = """\
CREATE ROLE toolyard_reader LOGIN PASSWORD '…' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT CONNECT ON DATABASE {database} TO toolyard_reader;
GRANT USAGE ON SCHEMA public TO toolyard_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO toolyard_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO toolyard_reader;"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlDriver:
    address: Address

    label = "PostgreSQL"
    errors = (psycopg.Error,)

    def sqlalchemy_url(self) -> URL:
        return make_url(self.address.url).set(drivername="postgresql+psycopg")

    def connect(self, *, write: bool) -> psycopg.Connection:
        url = self.sqlalchemy_url()
        known = dict[str, Any](url.get_dialect()().create_connect_args(url)[1])
        known.setdefault("connect_timeout", CONNECTING)
        known.setdefault("application_name", "toolyard")
        known["options"] = " ".join(filter(None, (known.get("options"), OPTIONS)))
        if self.address.password is not None:
            known["password"] = self.address.password
        known.update(autocommit=True, prepare_threshold=None)
        raw = psycopg.connect(**known)
        try:
            self._check(raw)
            for name in AS_TEXT.split():
                raw.adapters.register_loader(name, TextLoader)
        except BaseException:
            raw.close()
            raise
        return raw

    def _check(self, raw: psycopg.Connection) -> None:
        with raw.transaction(), raw.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = pg_catalog")  # nobody's own functions and operators decide here
            found = cursor.execute(TOO_MUCH).fetchall()
        if found:
            who = raw.info.user
            why = "; ".join(
                f"{name} {does}" if name == who else f"it is a member of {name}, which {does}" for name, does in found
            )
            raise UnsafeRoleError(
                f"connections.{self.address.connection}: the role {who!r} may do more than a tool should: {why}. "
                f"Use a role such as\n{FITTING.format(database=raw.info.dbname)}"
            )

    def begin(self, raw: psycopg.Connection, *, write: bool, seconds: float) -> None:
        raw.execute("BEGIN TRANSACTION READ WRITE" if write else "BEGIN TRANSACTION READ ONLY")
        milliseconds = str(max(int(seconds * 1000), 1))
        # With this query the transaction has its snapshot, after which it can no longer be made one that writes.
        raw.execute(
            "SELECT pg_catalog.set_config(name, %s, true) FROM pg_catalog.unnest(ARRAY["
            "'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name",
            (milliseconds,),
        )

    def read(self, raw: psycopg.Connection, sql: str) -> Rows:
        cursor = raw.cursor()
        # Always by the extended protocol, which takes one statement.
        stream = cursor.stream(sql.encode(), size=CHUNK if psycopg.capabilities.has_stream_chunked() else 1)
        first = next(stream, None)
        columns = tuple(column.name for column in cursor.description or ()) or _described(raw)
        return Rows(columns=columns, rows=_all(first, stream))

    def change(self, raw: psycopg.Connection, sql: str) -> Rows:
        # Without `prepare` the simple protocol would take several statements.
        cursor = raw.cursor().execute(sql.encode(), prepare=True)
        columns = tuple(column.name for column in cursor.description or ())
        rows = iter(cursor.fetchall()) if columns else iter(())
        return Rows(columns=columns, rows=rows, changed=cursor.rowcount if cursor.rowcount >= 0 else None)

    def commit(self, raw: psycopg.Connection) -> None:
        raw.commit()

    def cancel(self, raw: psycopg.Connection) -> None:
        raw.cancel_safe(timeout=CANCELLING)

    def sever(self, raw: psycopg.Connection) -> None:
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(raw.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    def end(self, raw: psycopg.Connection, opened: Sequence[Rows]) -> None:
        for rows in opened:
            cast("Generator[Any]", rows.rows).close()  # cancels a statement that is not at its end
        if raw.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
            self.cancel(raw)

    def said(self, error: Exception) -> str:
        said = str(error)
        if "didn't produce a result" in said or said.startswith(("COPY cannot", "unexpected result status")):
            return "this statement gives no rows, so it is none that only reads; write a SELECT"
        return said

    def ran_out(self, error: Exception) -> bool:
        return isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable)


def _described(raw: psycopg.Connection) -> tuple[str, ...]:
    """The columns of the statement that was just run and gave no row: psycopg says nothing of them then."""
    described = raw.pgconn.describe_prepared(b"")
    names = (described.fname(number) for number in range(described.nfields))
    return tuple((name or b"").decode(errors="replace") for name in names)


def _all(first: Sequence[Any] | None, rest: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    if first is not None:
        yield first
        yield from rest
