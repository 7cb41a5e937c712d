"""`sql_tables` and `sql_describe` tell what a query can ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.toolkits.database.conftest import OpenDoor
from tests.toolkits.database.servers import fill_sqlite
from toolyard_kernel.calls.outcomes import Outcome

pytestmark = pytest.mark.anyio


def structured(outcome: Outcome) -> dict[str, Any]:
    assert outcome.ok, outcome.text
    assert outcome.structured is not None
    return outcome.structured


async def test_tables_and_views_are_listed_with_their_kind(open_door: OpenDoor) -> None:
    answer = structured(await open_door().call("sql_tables"))
    kinds = {each["name"]: each["kind"] for each in answer["tables"]}
    assert {"items": "table", "orders": "table", "cheap": "view"}.items() <= kinds.items()
    assert answer["total"] == len(kinds)


async def test_names_are_narrowed_by_what_they_contain(open_door: OpenDoor) -> None:
    answer = structured(await open_door().call("sql_tables", contains="TEM"))
    assert [each["name"] for each in answer["tables"]] == ["items"]


async def test_tables_of_another_schema_have_it_before_their_name(postgresql_door: OpenDoor) -> None:
    door = postgresql_door()
    answer = structured(await door.call("sql_tables", contains="decoy"))
    assert [each["name"] for each in answer["tables"]] == ["decoy.canary"]
    described = structured(await door.call("sql_describe", table="decoy.canary"))
    assert [each["name"] for each in described["columns"]] == ["id", "note"]


async def test_many_tables_come_in_pages(sqlite_door: OpenDoor, shop: Path) -> None:
    fill_sqlite(shop, "".join(f"CREATE TABLE table_{number:03} (x);" for number in range(120)))
    door, seen, more = sqlite_door(limits={"output_bytes": 1500}), list[str](), dict[str, str]()
    for _ in range(20):
        outcome = await door.call("sql_tables", contains="table_", **more)
        answer = structured(outcome)
        assert len(outcome.text.encode()) <= 1500
        seen += [each["name"] for each in answer["tables"]]
        if "next_cursor" not in answer:
            break
        more = {"cursor": answer["next_cursor"]}
    assert seen == [f"table_{number:03}" for number in range(120)]


async def test_a_table_is_described_whole(open_door: OpenDoor, kind: str) -> None:
    answer = structured(await open_door().call("sql_describe", table="orders"))
    columns = {each["name"]: each for each in answer["columns"]}
    assert list(columns) == ["id", "item", "amount"]
    assert columns["item"]["nullable"] is False
    assert columns["amount"]["default"] == "1"
    assert "INT" in columns["id"]["type"]
    assert answer["primary_key"] == ["id"]
    assert answer["foreign_keys"] == ["item -> items(id)"] or kind == "sqlite"
    assert [each for each in answer["indexes"] if "(item)" in each]


async def test_a_view_is_described_too(open_door: OpenDoor) -> None:
    answer = structured(await open_door().call("sql_describe", table="cheap"))
    assert [each["name"] for each in answer["columns"]][:3] == ["id", "name", "price"]


@pytest.mark.parametrize("table", ["item", "nothing.items", "items; drop table canary", "", "ite'ms\"", "x" * 5000])
async def test_an_unknown_table_is_told_with_those_there_are(open_door: OpenDoor, table: str) -> None:
    refused = await open_door().call("sql_describe", table=table)
    assert refused.status == "tool_error"
    assert "no table is named" in refused.text
    assert "items" in refused.text


async def test_a_wide_table_is_cut_and_says_so(sqlite_door: OpenDoor, shop: Path) -> None:
    fill_sqlite(shop, f"CREATE TABLE wide ({', '.join(f'column_{number} text' for number in range(300))});")
    outcome = await sqlite_door(limits={"output_bytes": 3000}).call("sql_describe", table="wide")
    answer = structured(outcome)
    assert len(outcome.text.encode()) <= 3000
    assert 10 < len(answer["columns"]) < 300
    assert f"{300 - len(answer['columns'])} more columns" in answer["note"]
