"""The databases of a config, by their names; each is loaded when it is first used."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from toolyard_kernel.calls.workers import Job, Workers
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database.addresses import Address

if TYPE_CHECKING:
    from toolyard_toolkits.database.databases import Database

LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB or MySQL"}


class Connections:
    """Databases by name. Nothing is imported and nothing opened before one is asked for."""

    def __init__(self, addresses: Mapping[str, Address]) -> None:
        self._addresses = addresses
        self._lock = Lock()
        self._databases: dict[str, Database] = {}

    def __str__(self) -> str:
        return ", ".join(f"{name} ({LABELS[address.kind]})" for name, address in sorted(self._addresses.items()))

    def has(self, name: str) -> bool:
        return name in self._addresses

    def database(self, name: str) -> Database:
        """The database of that name.

        Raises:
            ToolError: there is none.
        """
        if name not in self._addresses:
            raise ToolError(f"no connection is named {name[:200]!r}; there are: {', '.join(sorted(self._addresses))}")
        from toolyard_toolkits.database.databases import Database  # noqa: PLC0415 - SQLAlchemy takes 0.3 s to load

        with self._lock:
            if name not in self._databases:
                self._databases[name] = Database(self._addresses[name])
            return self._databases[name]

    async def check(self) -> None:
        """Look at the role of each connection to a server; one that does not answer now is looked at when it is used.

        Raises:
            ConfigError: a role may do too much, or a driver is not installed.
        """
        servers = [name for name, address in self._addresses.items() if address.kind != "sqlite"]
        workers = Workers(max(len(servers), 1))
        await asyncio.gather(*(workers.run(Job(partial(self._check, name))) for name in servers))

    def _check(self, name: str) -> None:
        with suppress(ToolError):  # it is down, which the log has by now
            self.database(name).check()

    def open(self) -> None:
        for database in self._databases.values():
            database.closing.clear()

    def close(self) -> None:
        """End what still runs."""
        for database in self._databases.values():
            database.closing.set()
