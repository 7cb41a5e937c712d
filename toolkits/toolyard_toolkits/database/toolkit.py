"""The toolkit `database`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import NO_EFFECTS, Tool
from toolyard_toolkits.database.addresses import address_of
from toolyard_toolkits.database.answers import Answer, Description, Format, Tables
from toolyard_toolkits.database.connections import Connections
from toolyard_toolkits.database.settings import DatabaseSettings
from toolyard_toolkits.roots import Root, RootSettings

RowLimit = Annotated[int, Field(ge=1, le=10_000)]

WRITES: frozenset[Effect] = frozenset({"database.write"})


class DatabaseToolkit:
    """Tools that ask databases in SQL. Each call has a connection of its own, which is closed with it."""

    Settings: ClassVar[type[DatabaseSettings]] = DatabaseSettings
    name = "database"

    def __init__(self, settings: DatabaseSettings, /, *, backend: Backend | None = None, fence: bool = True) -> None:
        """`backend` is where exports go instead of to the one that the settings name. Without `fence`, only the
        databases themselves refuse.

        Raises:
            ConfigError: a connection or the root cannot be used, or an environment variable is not set.
        """
        self._connections = Connections({name: address_of(name, given) for name, given in settings.connections.items()})
        self._fence = fence
        self._root: Root | None = None
        if settings.root is not None:
            root = RootSettings.model_construct(root=settings.root, backend=settings.backend)
            self._root = Root.of(root, backend)

    def tools(self) -> Sequence[Tool]:
        made = [_query(self._connections, fence=self._fence), _tables(self._connections), _describe(self._connections)]
        if self._root is not None:
            made.append(_export(self._connections, self._root, fence=self._fence))
        known = f"\n\nConnections: {self._connections}."
        return tuple(replace(each, description=each.description + known) for each in made)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._lifespan()

    @asynccontextmanager
    async def _lifespan(self) -> AsyncGenerator[None]:
        await self._connections.check()
        self._connections.open()
        try:
            yield
        finally:
            self._connections.close()


def _query(connections: Connections, *, fence: bool) -> Tool:
    @tool(effects=["database.read"], wire=False)
    def sql_query(
        ctx: ToolContext, *, connection: str, sql: str, row_limit: RowLimit = 100, cursor: str | None = None
    ) -> Answer:
        """Run one SQL statement on a database and see its rows.

        Choose this to look at data: SELECT (with WITH, UNION, window functions and so on), VALUES, EXPLAIN, and SHOW
        or PRAGMA where they only tell something. `sql_tables` and `sql_describe` say what there is to select from.
        Statements that change data are refused unless your profile grants them (database: mutations); they are then
        committed at once, and `changed` says how many rows they changed. One call is one statement.

        Each of `rows` has the values of `columns` in their order. NULL is null; decimals, dates and integers beyond
        2^53 are texts; bytes are 0x and hexadecimal digits; a very long value is cut and says so. When there are more
        rows than one answer holds, `next_cursor` is there: make the same call with `cursor` set to it. Pages neither
        repeat nor lose rows as long as ORDER BY orders all of them and the data stays as it is.

        Args:
            connection: The name of the database.
            sql: The statement, in the database's own dialect.
            row_limit: The most rows to answer with, up to 10000; fewer when they would not fit into one answer.
            cursor: The next_cursor of the page before, with everything else unchanged.
        """
        from toolyard_toolkits.database.query import Query  # noqa: PLC0415 - with it SQLAlchemy and sqlglot are loaded

        return Query(
            database=connections.database(connection),
            connection=connection,
            sql=sql,
            most=row_limit,
            cursor=cursor,
            fence=fence,
            ctx=ctx,
        ).answer()

    def call_effects(arguments: dict[str, Any], profile: PermissionProfile) -> frozenset[Effect]:
        if profile.database != "mutations" or not connections.has(arguments["connection"]):
            return NO_EFFECTS
        from toolyard_toolkits.database.query import writes  # noqa: PLC0415 - as above

        return (
            WRITES if writes(connections.database(arguments["connection"]), arguments["sql"], profile) else NO_EFFECTS
        )

    return replace(sql_query, may=WRITES, call_effects=call_effects, preview=_preview)


def _tables(connections: Connections) -> Tool:
    @tool(effects=["database.read"], wire=False)
    def sql_tables(
        ctx: ToolContext, *, connection: str, contains: str | None = None, cursor: str | None = None
    ) -> Tables:
        """List the tables and views of a database.

        Choose this first, to learn what there is to query; `sql_describe` then tells the columns of one. Names that
        need a schema have it before them, as in `sales.orders`. When there are more than one answer holds,
        `next_cursor` is there: make the same call with `cursor` set to it.

        Args:
            connection: The name of the database.
            contains: Only names with this text in them, in upper or lower case.
            cursor: The next_cursor of the page before, with everything else unchanged.
        """
        from toolyard_toolkits.database.schema import Schema  # noqa: PLC0415 - with it SQLAlchemy is loaded

        database = connections.database(connection)
        return Schema(database=database, connection=connection, ctx=ctx).tables(contains, cursor)

    return sql_tables


def _describe(connections: Connections) -> Tool:
    @tool(effects=["database.read"], wire=False)
    def sql_describe(ctx: ToolContext, *, connection: str, table: str) -> Description:
        """Describe one table or view of a database: columns, types, defaults, keys and indexes.

        Choose this before you write a query, so that names and types are right.

        Args:
            connection: The name of the database.
            table: The table or view, as `sql_tables` names it.
        """
        from toolyard_toolkits.database.schema import Schema  # noqa: PLC0415 - as above

        database = connections.database(connection)
        return Schema(database=database, connection=connection, ctx=ctx).describe(table)

    return sql_describe


def _export(connections: Connections, root: Root, *, fence: bool) -> Tool:
    @tool(effects=["database.read", "files.write"], wire=False)
    def sql_export(ctx: ToolContext, *, connection: str, sql: str, path: str, format: Format = "csv") -> str:
        """Write all rows of a query into a file below the root folder.

        Choose this when there are more rows than you want to read yourself. The query may only read. The file is
        written whole or not at all, up to 64 MiB; beyond that, export in parts. In csv, NULL is an empty field, and a
        text that a spreadsheet would run as a formula gets an apostrophe before it; json and jsonl keep every value.

        Args:
            connection: The name of the database.
            sql: One statement that gives rows, in the database's own dialect.
            path: The file to write, relative to the root folder; an existing one is only replaced where your profile
                says file_write: full.
            format: csv with a header line; json, an array of objects; or jsonl, an object on each line.
        """
        from toolyard_toolkits.database.exporting import Export  # noqa: PLC0415 - with it SQLAlchemy is loaded

        return Export(
            database=connections.database(connection),
            connection=connection,
            sql=sql,
            path=path,
            format=format,
            root=root,
            fence=fence,
            ctx=ctx,
        ).answer()

    return replace(sql_export, preview=_preview)


def _preview(arguments: dict[str, Any], ctx: ToolContext) -> str:
    """What a person is shown who is asked for the call: the whole SQL, where it runs, and where the rows go."""
    into = f", into the file {arguments['path']!r} as {arguments['format']}" if "path" in arguments else ""
    return f"on the connection {arguments['connection']!r}{into}:\n{arguments['sql']}"
