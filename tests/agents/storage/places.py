"""Storages of every kind, each empty, and opened again at will as another process would."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.toolkits.database.servers import postgresql
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_agents.storage.opening import open_storage
from toolyard_agents.storage.storage import Storage

KINDS = ("memory", "sqlite", "postgresql")


@contextmanager
def place(kind: str, folder: Path) -> Generator[StorageSpec]:
    """Where a storage of this kind is kept; skipped where there is no server for it."""
    if kind == "memory":
        yield StorageSpec()
    elif kind == "sqlite":
        yield StorageSpec(kind="sqlite", path=str(folder / "storage" / "toolyard.db"))
    else:
        with postgresql() as server:
            os.environ["DATABASE_OF_THE_TEST"] = server.owner
            yield StorageSpec(kind="postgresql", url_env="DATABASE_OF_THE_TEST")


@asynccontextmanager
async def storage_at(spec: StorageSpec) -> AsyncGenerator[Storage]:
    storage = open_storage(spec)
    try:
        yield storage
    finally:
        await storage.aclose()
