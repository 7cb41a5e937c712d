"""A storage in SQLite or PostgreSQL, for any number of processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import Connection, Engine, Table, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from toolyard_agents.errors import StorageConflict, StorageError
from toolyard_agents.storage.engines import create_tables
from toolyard_agents.storage.storage import Key, Kind, Record, Scope
from toolyard_agents.storage.tables import LINES, RECORDS, key_columns, original, scope_columns
from toolyard_agents.to_its_end import to_its_end

T = TypeVar("T")


class SqlStorage:
    """`engine` is SQLAlchemy's; its tables are made when the storage is first used. It is disposed of by `aclose`."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._ready = False
        self._threads = anyio.CapacityLimiter(_most(engine))

    async def get(self, key: Key) -> Record | None:
        return await self._in_transaction(partial(self._get, key))

    async def put(self, key: Key, value: str, *, version: int, expires: float | None = None) -> Record:
        await self._in_transaction(partial(self._put, key, value, version, expires))
        return Record(key=key, value=value, version=version + 1)

    async def delete(self, key: Key) -> None:
        def both(connection: Connection) -> None:
            for table in (RECORDS, LINES):
                connection.execute(delete(table).where(*_is(table, key_columns(key))))

        await self._in_transaction(both)

    async def records(self, scope: Scope, kind: Kind) -> Sequence[Record]:
        return await self._in_transaction(partial(self._records, scope, kind))

    async def append(self, key: Key, lines: Sequence[str], *, after: int) -> None:
        if lines:
            await self._in_transaction(partial(_append, key, lines, after))

    async def length(self, key: Key) -> int:
        return await self._in_transaction(partial(_length, key))

    async def lines(self, key: Key, *, after: int = 0, limit: int | None = None) -> Sequence[str]:
        def read(connection: Connection) -> list[str]:
            found = select(LINES.c.text).where(*_is(LINES, key_columns(key)), LINES.c.number > after)
            return list(connection.scalars(found.order_by(LINES.c.number).limit(limit)))

        return await self._in_transaction(read)

    async def aclose(self) -> None:
        await anyio.to_thread.run_sync(self._engine.dispose)

    def _get(self, key: Key, connection: Connection) -> Record | None:
        found = select(RECORDS.c.value, RECORDS.c.version).where(*_is(RECORDS, key_columns(key)), self._lasts())
        row = connection.execute(found).one_or_none()
        return None if row is None else Record(key=key, value=row.value, version=row.version)

    def _put(self, key: Key, value: str, version: int, expires: float | None, connection: Connection) -> None:
        new: dict[str, Any] = {"value": value, "version": version + 1, "expires": expires}
        mine = _is(RECORDS, key_columns(key))
        if version == 0:
            beside = {**scope_columns(key.scope), "kind": key.kind}  # what is over among its neighbours goes, too
            connection.execute(delete(RECORDS).where(*_is(RECORDS, beside), ~self._lasts()))
            connection.execute(insert(RECORDS).values(**key_columns(key), **new))
            return
        current = (*mine, RECORDS.c.version == version, self._lasts())
        if connection.execute(update(RECORDS).where(*current).values(new)).rowcount != 1:
            raise StorageConflict(f"{key.kind} {key.id!r} was changed by somebody else in the meantime")

    def _records(self, scope: Scope, kind: Kind, connection: Connection) -> list[Record]:
        mine = _is(RECORDS, {**scope_columns(scope), "kind": kind})
        found = select(RECORDS.c.id, RECORDS.c.value, RECORDS.c.version).where(*mine, self._lasts())
        return [
            Record(key=Key(scope=scope, kind=kind, id=original(id)), value=value, version=version)
            for id, value, version in connection.execute(found.order_by(RECORDS.c.number))
        ]

    def _lasts(self) -> Any:
        return or_(RECORDS.c.expires.is_(None), RECORDS.c.expires > self._clock())

    async def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        """Do the work, whole or not at all, in a thread; a caller that is cancelled waits for it."""
        return await to_its_end(anyio.to_thread.run_sync(partial(self._run, work), limiter=self._threads))

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            if not self._ready:
                create_tables(self._engine)
                self._ready = True
            with self._engine.begin() as connection:
                return work(connection)
        except StorageConflict:
            raise
        except IntegrityError as error:
            raise StorageConflict("somebody else wrote this in the same moment") from error
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StorageError(f"the storage {self._engine.url!r} cannot be used: {cause}") from error


def _append(key: Key, lines: Sequence[str], after: int, connection: Connection) -> None:
    columns = key_columns(key)
    if _length(key, connection) != after:
        raise StorageConflict(f"{key.kind} {key.id!r} has gone on elsewhere in the meantime")
    rows = [{**columns, "number": number, "text": line} for number, line in enumerate(lines, after + 1)]
    connection.execute(insert(LINES), rows)


def _length(key: Key, connection: Connection) -> int:
    return connection.scalar(select(func.max(LINES.c.number)).where(*_is(LINES, key_columns(key)))) or 0


def _is(table: Table, columns: dict[str, str]) -> list[Any]:
    return [table.c[name] == value for name, value in columns.items()]


def _most(engine: Engine) -> int:
    """Threads at once: SQLite has one writer, and each connection of PostgreSQL is a process."""
    return 1 if engine.dialect.name == "sqlite" else 8
