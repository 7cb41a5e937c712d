"""From what a spec says about its storage to the storage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.memory import MemoryStorage
from toolyard_agents.storage.storage import Storage
from toolyard_kernel.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Engine


def open_storage(spec: StorageSpec) -> Storage:
    """The storage; a database is connected to when it is first used.

    Raises:
        ConfigError: the variable that names the database is not set, or what it holds is no address of one, or the
            driver is not installed.
    """
    if spec.kind == "memory":
        return MemoryStorage()
    # Here, not at the top: SQLAlchemy takes 100 ms, and most runtimes keep things in memory.
    from toolyard_agents.storage.sql import SqlStorage  # noqa: PLC0415

    return SqlStorage(_engine(spec))


def _engine(spec: StorageSpec) -> Engine:
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - as above
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    from toolyard_agents.storage.engines import postgresql_engine, sqlite_engine  # noqa: PLC0415

    if spec.path is not None:
        return sqlite_engine(Path(spec.path).expanduser().absolute())
    try:
        return postgresql_engine(make_url(spec.url or _from_environment(spec.url_env or "")))
    except ArgumentError as error:
        raise ConfigError("storage: the address is none of a database; postgresql://user@host/name is one") from error
    except ModuleNotFoundError as error:
        raise ConfigError("storage: PostgreSQL needs its driver: pip install 'toolyard[postgresql]'") from error


def _from_environment(name: str) -> str:
    url = os.environ.get(name)
    if not url:
        raise ConfigError(f"storage: the environment variable {name} is not set; it should hold the database's address")
    return url
