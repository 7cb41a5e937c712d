"""A database under the name that calls give it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event, Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ConfigError, DeadlineExceeded, ToolError
from toolyard_toolkits.database.addresses import Address, Kind
from toolyard_toolkits.database.drivers import Driver, Rows, UnsafeRoleError, driver_of
from toolyard_toolkits.database.watch import Watch

AT_ONCE = 4
"""Connections to one database at the same time, at most."""
EARLIER = 0.5
"""Seconds before a call's deadline, or a tenth of its time if that is less, at which its statement ends."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One connection for one call. What a statement leaves in it, such as a role or a setting, ends with it."""

    sqlalchemy: Connection
    raw: Any
    driver: Driver
    watch: Watch
    opened: list[Rows] = field(default_factory=list[Rows])

    def read(self, sql: str) -> Rows:
        rows = self.driver.read(self.raw, sql)
        self.opened.append(rows)
        return rows

    def change(self, sql: str) -> Rows:
        """Run a statement that may write, and commit."""
        rows = self.driver.change(self.raw, sql)
        self.driver.commit(self.raw)
        return rows

    def check(self) -> None:
        """Raise once the call is over, for work that is not the database's."""
        if self.watch.fired:
            raise TimeoutError


class Database:
    """Opens a connection for each call. Between calls nothing is open, so that no caller meets what another left."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._slots = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._driver: Driver | None = None
        self._engines: dict[bool, Engine] = {}
        self.closing = Event()

    @property
    def kind(self) -> Kind:
        return self._address.kind

    @property
    def driver(self) -> Driver:
        """Raises:
        ConfigError: it is not installed.
        """
        with self._lock:
            if self._driver is None:
                self._driver = driver_of(self._address)
            return self._driver

    def check(self) -> None:
        """Look whether the role may do too much.

        Raises:
            UnsafeRoleError: it may.
            ToolError: the database cannot be asked now.
        """
        with self._connection(write=False):
            pass

    @contextmanager
    def session(self, ctx: ToolContext, *, write: bool = False) -> Generator[Session]:
        """A connection, in a transaction that cannot write unless `write` says so.

        Raises:
            ToolError: the database cannot be reached, or refuses what is done; no message quotes where it is.
            DeadlineExceeded: what was done took too long, and was ended at the database.
        """
        timeout = ctx.caller.profile.limits.timeout
        until = monotonic() + timeout - min(EARLIER, timeout / 10)
        driver = self._usable_driver()
        with self._slot(ctx, until), self._safe(), self._connection(write=write) as connection:
            raw = connection.connection.driver_connection
            left = until - monotonic()
            over = Watch(
                left,
                lambda: ctx.cancelled or self.closing.is_set(),
                lambda: driver.cancel(raw),
                lambda: driver.sever(raw),
            )
            session = Session(sqlalchemy=connection, raw=raw, driver=driver, watch=over)
            try:
                with over, self._telling(driver, over, timeout):
                    driver.begin(raw, write=write, seconds=max(left, 0.001))
                    yield session
            finally:
                with suppress(*driver.errors):
                    driver.end(raw, session.opened)

    def _usable_driver(self) -> Driver:
        try:
            return self.driver
        except ConfigError as error:
            log.error("%s", error)  # noqa: TRY400 - the message says it all
            raise self._unusable("its driver is not installed") from error

    @contextmanager
    def _safe(self) -> Generator[None]:
        try:
            yield
        except UnsafeRoleError as error:
            log.error("%s", error)  # noqa: TRY400 - the message says it all
            raise self._unusable("its role may do more than a tool should") from error

    @contextmanager
    def _slot(self, ctx: ToolContext, until: float) -> Generator[None]:
        while not self._slots.acquire(timeout=0.05):
            if ctx.cancelled or monotonic() > until:
                raise DeadlineExceeded(
                    f"connection {self._address.connection!r}: {AT_ONCE} calls use it already, and none of them ended "
                    f"in time; try again later"
                )
        try:
            yield
        finally:
            self._slots.release()

    @contextmanager
    def _connection(self, *, write: bool) -> Generator[Connection]:
        connection = self._connected(write=write)
        try:
            yield connection
        finally:
            connection.invalidate()  # it is closed as it is: no word to a database that may not listen any more
            connection.close()

    def _connected(self, *, write: bool) -> Connection:
        driver = self.driver
        try:
            return self._engine(write=write).connect()
        except (SQLAlchemyError, *driver.errors) as error:  # type: ignore[misc]  # mypy does not unpack a tuple of types
            cause = getattr(error, "orig", None) or error
            said = self._address.scrub(str(cause))
            log.warning("connections.%s: the database cannot be reached: %s", self._address.connection, said)
            reason = (
                driver.said(cause) if self._address.kind == "sqlite" else "it does not answer, or does not let us in"
            )
            raise self._unusable(self._address.scrub(reason)) from None

    def _engine(self, *, write: bool) -> Engine:
        driver = self.driver
        with self._lock:
            if write not in self._engines:
                self._engines[write] = create_engine(
                    driver.sqlalchemy_url(),
                    creator=lambda: driver.connect(write=write),
                    poolclass=NullPool,
                    pool_reset_on_return=None,
                )
            return self._engines[write]

    def _unusable(self, why: str) -> ToolError:
        return ToolError(
            f"connection {self._address.connection!r} cannot be used now: {why}; "
            f"try again later, or ask the operator, who finds more in the server's log"
        )

    @contextmanager
    def _telling(self, driver: Driver, over: Watch, timeout: float) -> Generator[None]:
        """Errors of the driver, in words for whoever wrote the statement."""
        try:
            yield
        except (TimeoutError, SQLAlchemyError, *driver.errors) as error:  # type: ignore[misc]  # as above
            cause = getattr(error, "orig", None) or error
            if over.fired or isinstance(error, TimeoutError) or driver.ran_out(cause):
                raise self._late(over, timeout) from None
            said = self._address.scrub(driver.said(cause)).strip()
            raise ToolError(f"{driver.label} refused this on {self._address.connection!r}: {said}") from None

    def _late(self, over: Watch, timeout: float) -> Exception:
        where = f"on {self._address.connection!r}"
        if over.left > EARLIER and over.fired:
            return ToolError(f"the statement {where} was ended at the database: its call is over")
        return DeadlineExceeded(
            f"the statement {where} was ended at the database, so that its call ends within {timeout:g}s; "
            f"ask for less: a narrower WHERE, an index, or a part of the data"
        )
