"""The tables of a storage in a database."""

from __future__ import annotations

import json

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text

from toolyard_agents.storage.storage import Key, Scope

METADATA = MetaData()
INTEGER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in a column of this very type

RECORDS = Table(
    "toolyard_records",
    METADATA,
    Column("number", INTEGER, primary_key=True, autoincrement=True),
    Column("tenant", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("expires", Float),
    Index("toolyard_records_key", "tenant", "owner", "kind", "id", unique=True),
)
LINES = Table(
    "toolyard_lines",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("text", Text, nullable=False),
)


def plain(text: str) -> str:
    """An id without the characters that a database refuses: NUL, and halves of surrogate pairs."""
    return json.dumps(text)[1:-1]


def original(text: str) -> str:
    """What `plain` was given."""
    return str(json.loads(f'"{text}"'))


def scope_columns(scope: Scope) -> dict[str, str]:
    return {"tenant": plain(scope.tenant), "owner": plain(scope.owner)}


def key_columns(key: Key) -> dict[str, str]:
    """The columns that name a record or a stream."""
    return {**scope_columns(key.scope), "kind": key.kind, "id": plain(key.id)}
