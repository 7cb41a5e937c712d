"""The databases a storage can be in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.schema import CreateIndex, CreateTable

from toolyard_agents.storage.tables import METADATA

BUSY = 5.0
"""Seconds to wait for another process that writes to the same SQLite file, or locks a table."""
SLOW = 10.0
"""Seconds that a statement may take."""
LOCK = 7_301_926
"""PostgreSQL's advisory lock for making the tables, which two processes would else try in the same moment."""


def sqlite_engine(path: Path) -> Engine:
    """The engine of a file, which is made with mode 0600 when it is first used."""
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY})

    @event.listens_for(engine, "do_connect")
    def private(dialect: Any, record: Any, arguments: Any, keywords: Any) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # a transaction that reads first would fail on writing

    return engine


def postgresql_engine(url: URL) -> Engine:
    """The engine of a database that `url` names."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=8,
        pool_timeout=SLOW,
        connect_args={
            "connect_timeout": int(BUSY),
            "options": f"-c lock_timeout={int(BUSY * 1000)} -c statement_timeout={int(SLOW * 1000)}",
        },
    )


def create_tables(engine: Engine) -> None:
    """Make the tables, unless they are there."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        for table in METADATA.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
