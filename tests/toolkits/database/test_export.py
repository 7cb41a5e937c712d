"""`sql_export` writes all rows of a query into one file below its root, or none."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.toolkits.database.conftest import OpenDoor
from toolyard_toolkits.database import exporting

pytestmark = pytest.mark.anyio

WRITER = {"file_write": "create-only", "approval": {"mode": "none"}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


async def test_rows_are_written_in_each_format(open_door: OpenDoor, root: Path) -> None:
    door = open_door(root=root, **WRITER)
    sql = "SELECT id, name, about IS NULL AS empty FROM items ORDER BY id"
    for format, path in (("csv", "a.csv"), ("json", "deep/a.json"), ("jsonl", "a.jsonl")):
        outcome = await door.call("sql_export", sql=sql, path=path, format=format)
        assert outcome.text == f"{path}: 2 rows, {(root / path).stat().st_size} bytes of {format}"
    rows = list(csv.reader(io.StringIO((root / "a.csv").read_text())))
    assert [row[:2] for row in rows] == [["id", "name"], ["1", "mug"], ["2", "cup"]]
    whole = json.loads((root / "deep/a.json").read_text())
    assert [row["name"] for row in whole] == ["mug", "cup"]
    assert [json.loads(line) for line in (root / "a.jsonl").read_text().splitlines()] == whole


async def test_a_query_without_rows_makes_a_file_that_says_so(open_door: OpenDoor, root: Path) -> None:
    door = open_door(root=root, **WRITER)
    for format, expected in (("csv", "id\r\n"), ("json", "[\n]\n"), ("jsonl", "")):
        outcome = await door.call("sql_export", sql="SELECT id FROM items WHERE id > 9", path=format, format=format)
        assert "0 rows" in outcome.text
        assert (root / format).read_bytes() == expected.encode()


async def test_a_file_that_is_there_is_replaced_only_where_the_profile_says_so(
    sqlite_door: OpenDoor, root: Path
) -> None:
    (root / "a.csv").write_text("old")
    refused = await sqlite_door(root=root, **WRITER).call("sql_export", sql="SELECT 1", path="a.csv")
    assert refused.status == "tool_error"
    assert (root / "a.csv").read_text() == "old"
    full = {**WRITER, "file_write": "full"}
    assert (await sqlite_door(root=root, **full).call("sql_export", sql="SELECT 1 AS n", path="a.csv")).ok
    assert (root / "a.csv").read_bytes() == b"n\r\n1\r\n"


@pytest.mark.parametrize("path", ["../out.csv", "/tmp/out.csv", "link/out.csv", "."])
async def test_a_path_ends_at_the_root(sqlite_door: OpenDoor, root: Path, path: str) -> None:
    (root / "link").symlink_to("..")
    refused = await sqlite_door(root=root, **WRITER).call("sql_export", sql="SELECT 1", path=path)
    assert refused.status == "tool_error"
    assert [each.name for each in root.iterdir()] == ["link"]
    assert not (root.parent / "out.csv").exists()


async def test_a_text_that_a_spreadsheet_would_run_is_written_as_a_text(sqlite_door: OpenDoor, root: Path) -> None:
    door = sqlite_door(root=root, **WRITER)
    sql = (
        "SELECT '=cmd()' AS a, '+1' AS b, '-x' AS c, '@sum' AS d, -5 AS e, 'a=b' AS f, char(9) || '=1' AS g, NULL AS h"
    )
    assert (await door.call("sql_export", sql=sql, path="a.csv")).ok
    row = list(csv.reader(io.StringIO((root / "a.csv").read_text())))[1]
    assert row == ["'=cmd()", "+1", "'-x", "'@sum", "-5", "a=b", "'\t=1", ""]
    assert (await door.call("sql_export", sql=sql, path="a.json", format="json")).ok
    assert json.loads((root / "a.json").read_text())[0]["a"] == "=cmd()"


async def test_columns_of_the_same_name_are_all_kept(sqlite_door: OpenDoor, root: Path) -> None:
    door = sqlite_door(root=root, **WRITER)
    assert (await door.call("sql_export", sql="SELECT 1 AS a, 2 AS a, 3 AS a", path="a", format="jsonl")).ok
    assert json.loads((root / "a").read_text()) == {"a": 1, "a_2": 2, "a_3": 3}


async def test_too_large_a_file_is_refused_whole_with_what_to_do(
    sqlite_door: OpenDoor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n, hex(zeroblob(100000)) FROM c"
    refused = await sqlite_door(root=root, **WRITER).call("sql_export", sql=endless, path="a.csv")
    assert refused.status == "tool_error"
    assert f"more than {exporting.MOST_BYTES} bytes" in refused.text
    assert "in parts" in refused.text
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("fence", [True, False])
async def test_an_export_only_reads_whatever_the_profile_grants(
    open_door: OpenDoor, root: Path, *, fence: bool
) -> None:
    door = open_door(root=root, fence=fence, **WRITER, database="mutations")
    refused = await door.call("sql_export", sql="DELETE FROM canary", path="a.csv")
    assert refused.status == "tool_error"
    assert len(await door.rows("SELECT id FROM canary")) == 2
    assert list(root.iterdir()) == []


async def test_without_a_root_there_is_no_export(sqlite_door: OpenDoor, root: Path) -> None:
    assert {tool.name for tool in sqlite_door().toolkit.tools()} == {"sql_query", "sql_tables", "sql_describe"}
    assert sqlite_door(root=root).toolkit.tools()[-1].name == "sql_export"


async def test_where_files_may_not_be_written_the_export_does_not_exist(sqlite_door: OpenDoor, root: Path) -> None:
    door = sqlite_door(root=root)
    assert "sql_export" not in {entry.name for entry in door.gate.visible(door.caller)}
