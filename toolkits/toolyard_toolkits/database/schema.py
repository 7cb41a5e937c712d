"""What `sql_tables` and `sql_describe` answer: which tables there are, and what is in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Inspector, inspect
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SAWarning, UnsupportedCompilationError
from sqlalchemy.types import TypeEngine

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.database.answers import Column, Description, TableName, Tables
from toolyard_toolkits.database.cursors import cursor_after, offset_of
from toolyard_toolkits.database.databases import Database, Session

FRAME_BYTES = 500
MOST_NAMED = 20
LONGEST_DEFAULT = 200

SYSTEM_SCHEMAS = frozenset({"information_schema", "performance_schema", "mysql", "sys", "pg_catalog"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One call about the tables of a database."""

    database: Database
    connection: str
    ctx: ToolContext

    def tables(self, contains: str | None, cursor: str | None) -> Tables:
        """One page of names.

        Raises:
            ToolError: the database refuses it, or the cursor belongs to another question.
        """
        offset = offset_of(cursor, self.connection, "tables", contains)
        with self.database.session(self.ctx) as session:
            found = sorted(_relations(_inspector(session)))
        wanted = [(name, kind) for name, kind in found if contains is None or contains.lower() in name.lower()]
        told = Tables(tables=[], total=len(wanted))
        room = self._room()
        for name, kind in wanted[offset:]:
            entry = TableName(name=name, kind=kind)
            room -= _size(entry)
            if room < 0 and told["tables"]:
                told["next_cursor"] = cursor_after(offset + len(told["tables"]), self.connection, "tables", contains)
                told["note"] = "there are more: make the same call with cursor set to next_cursor, or use contains"
                break
            told["tables"].append(entry)
        return told

    def describe(self, table: str) -> Description:
        """One table or view, whose name may have its schema before it.

        Raises:
            ToolError: there is none of that name; those that there are, are named.
        """
        with self.database.session(self.ctx) as session:
            inspector = _inspector(session)
            schema, name = _found(inspector, table)
            try:
                described = _description(inspector, session, table, schema, name)
            except NoSuchTableError:
                raise _unknown(inspector, table) from None
        return self._within(described)

    def _within(self, described: Description) -> Description:
        room = self._room()
        columns = described["columns"]
        described["columns"] = kept = list[Column]()
        room -= _size(described)
        for column in columns:
            room -= _size(column)
            if room < 0:
                left = len(columns) - len(kept)
                described["note"] = f"{left} more columns are not shown: see their names with SELECT * … LIMIT 1"
                break
            kept.append(column)
        return described

    def _room(self) -> int:
        return self.ctx.caller.profile.limits.output_bytes - FRAME_BYTES


def _inspector(session: Session) -> Inspector:
    return inspect(session.sqlalchemy)


def _relations(inspector: Inspector) -> Iterator[tuple[str, str]]:
    for schema, shown in _schemas(inspector):
        for name in inspector.get_table_names(schema=schema):
            yield shown + name, "table"
        for name in inspector.get_view_names(schema=schema):
            yield shown + name, "view"
        if inspector.dialect.name == "postgresql":
            for name in inspector.get_materialized_view_names(schema=schema):
                yield shown + name, "materialized view"


def _schemas(inspector: Inspector) -> Iterator[tuple[str | None, str]]:
    """Each schema, and what stands before the names of its tables; nothing for those that need no schema."""
    yield None, ""
    if inspector.dialect.name == "sqlite":
        return
    for schema in inspector.get_schema_names():
        if schema != inspector.default_schema_name and schema.lower() not in SYSTEM_SCHEMAS:
            yield schema, f"{schema}."


def _found(inspector: Inspector, table: str) -> tuple[str | None, str]:
    if _exists(inspector, None, table):
        return None, table
    schema, dot, name = table.partition(".")
    if dot and inspector.dialect.name != "sqlite" and _exists(inspector, schema, name):
        return schema, name
    raise _unknown(inspector, table)


def _exists(inspector: Inspector, schema: str | None, name: str) -> bool:
    try:
        return inspector.has_table(name, schema=schema)
    except DBAPIError:  # MariaDB refuses to say of some names that they name nothing
        return False


def _unknown(inspector: Inspector, table: str) -> ToolError:
    known = sorted(name for name, _ in _relations(inspector))
    shown = ", ".join(known[:MOST_NAMED]) or "none"
    more = f" and {len(known) - MOST_NAMED} more, which sql_tables lists" if len(known) > MOST_NAMED else ""
    return ToolError(f"no table is named {table[:200]!r}; there are: {shown}{more}")


def _description(inspector: Inspector, session: Session, shown: str, schema: str | None, name: str) -> Description:
    foreign = inspector.get_foreign_keys(name, schema=schema)
    key = inspector.get_pk_constraint(name, schema=schema)
    return Description(
        table=shown,
        columns=[_column(each, session) for each in inspector.get_columns(name, schema=schema)],
        primary_key=list(key["constrained_columns"]),
        foreign_keys=[_foreign_key(each) for each in foreign],
        indexes=[_index(each) for each in inspector.get_indexes(name, schema=schema)],
    )


def _column(found: Any, session: Session) -> Column:
    column = Column(name=str(found["name"]), type=_type(found["type"], session), nullable=bool(found["nullable"]))
    if found.get("default") is not None:
        column["default"] = str(found["default"])[:LONGEST_DEFAULT]
    if found.get("comment"):
        column["comment"] = str(found["comment"])[:LONGEST_DEFAULT]
    return column


def _type(kind: TypeEngine[Any], session: Session) -> str:
    try:
        return kind.compile(dialect=session.sqlalchemy.dialect)
    except (UnsupportedCompilationError, SAWarning):
        return "unknown"


def _foreign_key(found: Any) -> str:
    schema = f"{found['referred_schema']}." if found.get("referred_schema") else ""
    there = f"{schema}{found['referred_table']}({', '.join(found['referred_columns'])})"
    return f"{', '.join(found['constrained_columns'])} -> {there}"


def _index(found: Any) -> str:
    columns = ", ".join(str(name) if name is not None else "…" for name in found["column_names"])
    return f"{found['name']}({columns}){' unique' if found['unique'] else ''}"


def _size(shown: Any) -> int:
    return len(to_json(shown)) + 1
