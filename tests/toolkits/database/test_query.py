"""`sql_query` answers with rows that say what they are, page by page, within the caller's limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.toolkits.database.conftest import OpenDoor
from tests.toolkits.database.servers import fill_sqlite
from toolyard_kernel.calls.outcomes import Outcome

pytestmark = pytest.mark.anyio

NUMBERS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 250) SELECT n FROM c ORDER BY n"


def structured(outcome: Outcome) -> dict[str, Any]:
    assert outcome.ok, outcome.text
    assert outcome.structured is not None
    return outcome.structured


async def test_rows_come_with_their_columns_and_text_and_structure_are_the_same(open_door: OpenDoor) -> None:
    outcome = await open_door().query("SELECT id, name FROM items ORDER BY id")
    expected = {"columns": ["id", "name"], "rows": [[1, "mug"], [2, "cup"]], "row_count": 2}
    assert structured(outcome) == expected
    assert json.loads(outcome.text) == expected


async def test_a_query_without_rows_still_names_its_columns(open_door: OpenDoor) -> None:
    answer = structured(await open_door().query("SELECT id, name FROM items WHERE id > 99"))
    assert (answer["columns"], answer["rows"], answer["row_count"]) == (["id", "name"], [], 0)


async def test_pages_neither_repeat_nor_lose_rows(open_door: OpenDoor) -> None:
    door, seen, more = open_door(), list[int](), dict[str, str]()
    while True:
        answer = structured(await door.query(NUMBERS, row_limit=100, **more))
        seen += [row[0] for row in answer["rows"]]
        if "next_cursor" not in answer:
            break
        assert "row_limit is 100" in answer["note"]
        more = {"cursor": answer["next_cursor"]}
    assert seen == list(range(1, 251))


async def test_a_page_that_is_exactly_the_rest_has_no_further_one(open_door: OpenDoor) -> None:
    answer = structured(await open_door().query("SELECT id FROM items", row_limit=2))
    assert "next_cursor" not in answer


async def test_the_default_is_a_hundred_rows_and_ten_thousand_is_the_most(open_door: OpenDoor) -> None:
    door = open_door()
    assert structured(await door.query(NUMBERS))["row_count"] == 100
    refused = await door.query(NUMBERS, row_limit=10_001)
    assert refused.status == "tool_error"
    assert "row_limit" in refused.text


async def test_a_cursor_belongs_to_its_question_alone(open_door: OpenDoor) -> None:
    door = open_door()
    cursor = structured(await door.query(NUMBERS))["next_cursor"]
    for sql, given in (("SELECT 1", cursor), (NUMBERS, cursor[:-2] + "xx"), (NUMBERS, "nonsense!"), (NUMBERS, "")):
        refused = await door.query(sql, cursor=given)
        assert refused.status == "tool_error"
        assert "belongs to no answer" in refused.text


async def test_whole_rows_within_the_bytes_of_an_answer(open_door: OpenDoor) -> None:
    door, seen, more = open_door(limits={"output_bytes": 1500}), list[int](), dict[str, str]()
    for _ in range(30):
        outcome = await door.query(NUMBERS, row_limit=10_000, **more)
        answer = structured(outcome)
        assert len(outcome.text.encode()) <= 1500
        seen += [row[0] for row in answer["rows"]]
        if "next_cursor" not in answer:
            break
        assert "1500 bytes" in answer["note"]
        more = {"cursor": answer["next_cursor"]}
    assert seen == list(range(1, 251))


async def test_a_row_too_long_by_itself_is_cut_and_says_how_to_get_the_rest(sqlite_door: OpenDoor) -> None:
    door = sqlite_door(limits={"output_bytes": 2000})
    answer = structured(await door.query("SELECT hex(zeroblob(50000)), 'next' UNION ALL SELECT 'b', 'c'"))
    value = answer["rows"][0][0]
    assert value.startswith("000")
    assert "substr" in value
    assert answer["rows"][1] == ["b", "c"]


async def test_a_row_that_fits_in_no_way_is_refused_with_what_to_do(sqlite_door: OpenDoor) -> None:
    columns = ", ".join(f"hex(zeroblob(100)) AS c{number}" for number in range(60))
    refused = await sqlite_door(limits={"output_bytes": 2500}).query(f"SELECT {columns}")
    assert refused.status == "tool_error"
    assert "60 columns" in refused.text
    assert "name the columns" in refused.text


async def test_an_unknown_connection_is_told_with_those_there_are(sqlite_door: OpenDoor) -> None:
    refused = await sqlite_door().call("sql_query", connection="shoop", sql="SELECT 1")
    assert refused.status == "tool_error"
    assert "no connection is named 'shoop'; there are: shop" in refused.text


async def test_a_mistake_is_told_in_the_words_of_the_database(open_door: OpenDoor) -> None:
    refused = await open_door().query("SELECT nothing FROM items")
    assert refused.status == "tool_error"
    assert "nothing" in refused.text
    assert "Traceback" not in refused.text


@pytest.mark.parametrize("fence", [True, False])
@pytest.mark.parametrize("sql", ["", "  ", "SELECT 1\0", "SELECT '\ud800'"])
async def test_what_no_database_takes_is_refused_with_what_to_do(
    sqlite_door: OpenDoor, sql: str, *, fence: bool
) -> None:
    refused = await sqlite_door(fence=fence).query(sql)
    assert refused.status == "tool_error"
    assert "write" in refused.text


async def test_a_file_in_wal_mode_is_read(tmp_path: Path, sqlite_door: OpenDoor, shop: Path) -> None:
    fill_sqlite(shop, "PRAGMA journal_mode = WAL; INSERT INTO items (id, name) VALUES (3, 'bowl');")
    assert await sqlite_door().rows("SELECT name FROM items WHERE id = 3") == [["bowl"]]


async def test_a_missing_file_is_told_and_found_when_it_is_there(
    tmp_path: Path, sqlite_door: OpenDoor, shop: Path
) -> None:
    moved = shop.rename(tmp_path / "elsewhere.db")
    door = sqlite_door()
    refused = await door.query("SELECT 1")
    assert refused.status == "tool_error"
    assert "cannot be opened" in refused.text
    assert str(tmp_path) not in refused.text
    assert not shop.exists()
    moved.rename(shop)
    assert await door.rows("SELECT 1") == [[1]]


async def test_a_file_that_is_no_database_is_told(sqlite_door: OpenDoor, shop: Path) -> None:
    shop.write_text(
        "plain text, and enough of it to be read as a header, and some more of it to fill the rest of it up"
    )
    refused = await sqlite_door().query("SELECT * FROM items")
    assert "not a database" in refused.text
