"""Under `database: mutations` changes are committed, and asked for where the profile asks; reading stays reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolkits.database.conftest import OpenDoor
from tests.toolkits.database.door import MUTATIONS
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

GRANULAR = {"database": "mutations", "approval": {"mode": "granular", "on_ask": ["deny"]}}


async def test_a_change_is_committed_and_says_how_many_rows(open_door: OpenDoor) -> None:
    door = open_door(**MUTATIONS)
    outcome = await door.query("INSERT INTO orders (id, item) VALUES (71, 1), (72, 2)")
    assert outcome.structured
    assert outcome.structured["changed"] == 2
    assert await door.rows("SELECT id FROM orders WHERE id IN (71, 72) ORDER BY id") == [[71], [72]]
    assert (await door.query("DELETE FROM orders WHERE id IN (71, 72)")).structured == {
        "columns": [],
        "rows": [],
        "row_count": 0,
        "changed": 2,
    }


async def test_a_change_may_give_rows(open_door: OpenDoor) -> None:
    door = open_door(**MUTATIONS)
    outcome = await door.query("INSERT INTO orders (id, item) VALUES (73, 1) RETURNING id")
    assert outcome.structured
    assert (outcome.structured["rows"], outcome.structured["changed"]) == ([[73]], 1)
    assert (await door.query("DELETE FROM orders WHERE id = 73")).ok


async def test_tables_are_made_and_dropped(open_door: OpenDoor) -> None:
    door = open_door(**MUTATIONS)
    for statement in (
        "CREATE TABLE made (id integer PRIMARY KEY, note varchar(9))",
        "CREATE INDEX made_by_note ON made (note)",
        "ALTER TABLE made ADD COLUMN more integer",
        "DROP TABLE made",
    ):
        outcome = await door.query(statement)
        assert outcome.ok, outcome.text


async def test_a_change_that_fails_changes_nothing(open_door: OpenDoor) -> None:
    door = open_door(**MUTATIONS)
    refused = await door.query("INSERT INTO orders (id, item) VALUES (74, 1), (74, 2)")
    assert refused.status == "tool_error"
    assert await door.rows("SELECT id FROM orders WHERE id = 74") == []


async def test_a_change_is_asked_for_and_a_query_is_not(open_door: OpenDoor) -> None:
    door = open_door(**GRANULAR)
    assert (await door.query("SELECT name FROM items")).ok
    refused = await door.query("DELETE FROM canary")
    assert refused.status == "denied"
    assert "database.write" in refused.text
    assert len(await door.rows("SELECT id FROM canary")) == 2


@pytest.mark.parametrize(
    ("sql", "asks"),
    [
        ("SELECT 1", False),
        ("EXPLAIN SELECT 1", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("SELECT unknown_function(1)", True),
        ("SELECT 1; SELECT 2", True),
        ("this is no SQL", True),
        ("UPDATE items SET name = 'x'", True),
        ("SELECT nextval('numbers')", True),
        ("SELECT " + "(" * 400 + "1" + ")" * 400, True),
        ("SELECT '" + "x" * 100_001 + "'", True),
        ("", True),
    ],
)
async def test_what_is_not_shown_to_read_is_taken_for_a_write(open_door: OpenDoor, sql: str, *, asks: bool) -> None:
    entry = open_door().gate.registry.find("sql_query")
    assert entry
    mutations = PermissionProfile.model_validate(MUTATIONS)
    arguments = {"connection": "shop", "sql": sql}
    assert entry.tool.call_effects(arguments, mutations) == (frozenset({"database.write"}) if asks else frozenset())
    readonly = PermissionProfile.model_validate({"database": "readonly"})
    assert entry.tool.call_effects(arguments, readonly) == frozenset()


async def test_a_statement_taken_for_reading_runs_where_it_cannot_write(postgresql_door: OpenDoor) -> None:
    """`sneak` writes; were it known to the fence as a reading function, the database would still refuse."""
    door = postgresql_door(fence=False)
    assert "read" in (await door.query("SELECT sneak()")).text
    assert len(await door.rows("SELECT id FROM canary")) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "INSERT INTO orders (id, item) SELECT 75, load_extension('x')",
        "CREATE VIRTUAL TABLE made USING csv(filename='x')",
        "UPDATE sqlite_master SET sql = 'x'",
        "COMMIT",
        "BEGIN",
    ],
)
@pytest.mark.parametrize("fence", [True, False])
async def test_writing_in_sqlite_never_leaves_the_file(
    sqlite_door: OpenDoor, shop: Path, sql: str, *, fence: bool
) -> None:
    door = sqlite_door(fence=fence, **MUTATIONS)
    before = shop.read_bytes()
    assert (await door.query(sql)).status == "tool_error"
    assert shop.read_bytes() == before
    assert {path.name for path in shop.parent.iterdir()} == {"shop.db"}


async def test_a_trigger_does_no_more_than_a_statement(sqlite_door: OpenDoor, shop: Path) -> None:
    door = sqlite_door(**MUTATIONS)
    made = "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT load_extension('x'); END"
    assert (await door.query(made)).ok
    refused = await door.query("INSERT INTO orders (id, item) VALUES (76, 1)")
    assert "load_extension" in refused.text
    assert await door.rows("SELECT id FROM orders") == []


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT ALL ON canary TO PUBLIC",
        "SET ROLE postgres",
        "ALTER ROLE CURRENT_USER PASSWORD 'owned'",
        "COPY canary TO PROGRAM 'id'",
        "DO $$ BEGIN END $$",
        "CALL wipe()",
        "CREATE EXTENSION dblink",
        "BEGIN NOT ATOMIC DELETE FROM canary; END",
        "SELECT 1; DELETE FROM canary",
    ],
)
async def test_what_reaches_beyond_the_data_is_refused_to_writers_too(open_door: OpenDoor, sql: str) -> None:
    door = open_door(**MUTATIONS)
    refused = await door.query(sql)
    assert refused.status == "tool_error"
    assert "refused before it ran" in refused.text
    assert len(await door.rows("SELECT id FROM canary")) == 2


async def test_what_is_asked_shows_the_whole_sql_and_where_it_runs(sqlite_door: OpenDoor, tmp_path: Path) -> None:
    door = sqlite_door(root=tmp_path)
    sql = "DELETE FROM items\nWHERE name = 'mug' -- " + "x" * 1000
    for name, more, said in (
        ("sql_query", {}, "on the connection 'shop':"),
        ("sql_export", {"path": "a.csv", "format": "csv"}, "into the file 'a.csv' as csv"),
    ):
        entry = door.gate.registry.find(name)
        assert entry
        assert entry.tool.preview
        shown = entry.tool.preview({"connection": "shop", "sql": sql, **more}, None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - it is not looked at
        assert isinstance(shown, str)
        assert said in shown
        assert shown.endswith(sql)
