"""What each kind of database does in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from toolyard_kernel.errors import ConfigError
from toolyard_toolkits.database.addresses import Address

CONNECTING = 5
"""Seconds a server has to let us in."""


class UnsafeRoleError(ConfigError):
    """The role of a connection may do what no tool should; the text says what, and how to make one that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a statement gives: rows that come as they are read, or, for one that changed something, how many it did.

    `columns` is empty for a statement without rows; `changed` is None where the database does not say.
    """

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]
    changed: int | None = None


class Driver(Protocol):
    """One database behind its Python driver. `raw` is always that driver's own connection.

    Everything here blocks. `cancel` and `sever` are called from another thread than the rest: the first ends what is
    running at the database, the second whatever waits for a database that does not answer.
    """

    @property
    def label(self) -> str:
        """The kind of database, as people call it."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        ...

    def sqlalchemy_url(self) -> Any: ...
    def connect(self, *, write: bool) -> Any:
        """A new connection, whose role was looked at.

        Raises:
            UnsafeRoleError: it may do too much.
        """
        ...

    def begin(self, raw: Any, *, write: bool, seconds: float) -> None:
        """Begin a transaction that cannot write unless `write`, whose statements end after `seconds`."""
        ...

    def read(self, raw: Any, sql: str) -> Rows:
        """Run one statement in a transaction that cannot write; the database itself refuses a second one."""
        ...

    def change(self, raw: Any, sql: str) -> Rows:
        """Run one statement in a transaction that can write."""
        ...

    def commit(self, raw: Any) -> None: ...
    def cancel(self, raw: Any) -> None: ...
    def sever(self, raw: Any) -> None: ...
    def end(self, raw: Any, opened: Sequence[Rows]) -> None:
        """End what may still run at the database, with rows that nobody reads; the connection is closed after it."""
        ...

    def said(self, error: Exception) -> str:
        """What the database says, for whoever wrote the statement."""
        ...

    def ran_out(self, error: Exception) -> bool:
        """Whether the statement was ended from outside: by its deadline, or because its call is over."""
        ...


def driver_of(address: Address) -> Driver:
    """The driver for an address, loaded now.

    Raises:
        ConfigError: its package is not installed.
    """
    if address.kind == "sqlite":
        from toolyard_toolkits.database.sqlite import SqliteDriver  # noqa: PLC0415 - with it SQLAlchemy is loaded

        return SqliteDriver(address=address)
    try:
        if address.kind == "postgresql":
            from toolyard_toolkits.database.postgresql import PostgresqlDriver  # noqa: PLC0415 - an extra

            return PostgresqlDriver(address=address)
        from toolyard_toolkits.database.mariadb import MariadbDriver  # noqa: PLC0415 - an extra

        return MariadbDriver(address=address)
    except ImportError as error:
        extra = "postgresql" if address.kind == "postgresql" else "mysql"
        raise ConfigError(
            f"connections.{address.connection}: the driver for it is not installed ({error.name}); "
            f"run: pip install 'toolyard[{extra}]'"
        ) from error
