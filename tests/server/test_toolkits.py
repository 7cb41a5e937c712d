"""The built-in toolkits behind the doors: what exists for whom, what is asked, what is said where one is missing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client

from tests.server.asking import client
from tests.server.yards import DEADLINE, ERAS, Yard, text_of, write_yard

pytestmark = pytest.mark.anyio

CONFIG = """
profile: {profile}
toolkits:
  files: {{root: data}}
  search: {{root: data}}
  shell: {{root: data{shell}}}
  database: {{root: data, connections: {{shop: {{url: "sqlite:///shop.db"}}}}}}
"""
READING = {"read", "list", "grep", "glob", "sql_query", "sql_tables", "sql_describe"}
WRITING = {"write", "edit", "sql_export"}
needs_sandbox = pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap")


def toolkit_yard(root: Path, profile: str = "readonly", shell: str = "") -> Yard:
    (root / "data").mkdir()
    (root / "data/notes.txt").write_text("alpha\nbeta\n")
    with closing(sqlite3.connect(root / "shop.db")) as database, database:
        database.execute("create table items (id integer primary key, name text)")
        database.execute("insert into items (name) values ('mug'), ('cup')")
    return write_yard(root, config=CONFIG.format(profile=profile, shell=shell))


def without_bubblewrap(root: Path) -> dict[str, str]:
    """An environment in which no `bwrap` is found."""
    (root / "bin").mkdir()
    (root / "bin/bash").symlink_to(shutil.which("bash") or "")
    return {"PATH": str(root / "bin")}


async def listed(yard: Yard) -> dict[str, types.Tool]:
    with anyio.fail_after(DEADLINE):
        async with Client(yard.stdio()) as found:
            return {tool.name: tool for tool in (await found.list_tools()).tools}


@needs_sandbox
@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ("readonly", READING | {"bash"}),
        ("developer", READING | WRITING | {"bash"}),
        ("developer-bash-only", {"bash"}),
        ("unrestricted", READING | WRITING | {"bash"}),
    ],
)
async def test_the_profile_decides_which_tools_exist(tmp_path: Path, profile: str, names: set[str]) -> None:
    assert (await listed(toolkit_yard(tmp_path, profile))).keys() == names


async def test_the_annotations_of_a_tool_are_those_of_its_caller(tmp_path: Path) -> None:
    hints: dict[str, Any] = {}
    for profile in ("readonly", "unrestricted"):
        folder = tmp_path / profile
        folder.mkdir()
        annotations = (await listed(toolkit_yard(folder, profile)))["sql_query"].annotations
        assert annotations
        hints[profile] = (annotations.read_only_hint, annotations.destructive_hint)
    assert hints == {"readonly": (True, None), "unrestricted": (False, True)}


async def test_every_tool_says_when_to_choose_it_and_what_each_argument_is(tmp_path: Path) -> None:
    for tool in (await listed(toolkit_yard(tmp_path, "unrestricted"))).values():
        assert tool.description
        assert len(tool.description) > 100, tool.name
        undescribed = [n for n, field in tool.input_schema["properties"].items() if not field.get("description")]
        assert not undescribed, tool.name


CAREFUL = """{profile: careful, shell: unrestricted, file_write: full, database: mutations,
  approval: {mode: dangerous, on_ask: %s}}"""
ASKED = {
    "write": ({"path": "notes.txt", "content": "gamma\nbeta\n"}, ["-alpha", "+gamma"]),
    "edit": ({"path": "notes.txt", "old_string": "beta", "new_string": "delta"}, ["-beta", "+delta"]),
    "bash": ({"command": "touch made  # " + "x" * 400 + " the end"}, ["touch made", "the end"]),
    "sql_query": (
        {"connection": "shop", "sql": "delete from items where name = '" + "y" * 400 + "' or true"},
        ["delete from items", "or true"],
    ),
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", ASKED)
async def test_what_is_asked_shows_the_diff_the_command_or_the_statement_and_a_no_changes_nothing(
    tmp_path: Path, tool: str, era: str
) -> None:
    yard = toolkit_yard(tmp_path, CAREFUL % "[elicit]")
    messages: list[str] = []

    async def decline(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        messages.append(params.message)
        return types.ElicitResult(action="decline")

    arguments, shown = ASKED[tool]
    async with client(yard, None, era, decline) as found:
        assert (await found.call_tool(tool, arguments)).is_error
        assert "mug" in text_of(
            await found.call_tool("sql_query", {"connection": "shop", "sql": "select * from items"})
        )
    (message,) = messages
    assert [part for part in shown if part not in message] == []
    assert (tmp_path / "data/notes.txt").read_text() == "alpha\nbeta\n"
    assert not (tmp_path / "data/made").exists()


async def test_a_call_that_could_not_be_made_asks_nobody(tmp_path: Path) -> None:
    yard = toolkit_yard(tmp_path, CAREFUL % "[queue]")
    edit = yard.run(
        "call", "toolyard.yaml", "edit", '{"path": "notes.txt", "old_string": "nowhere", "new_string": "x"}'
    )
    assert (edit.code, "nowhere" in edit.err or "not" in edit.err) == (1, True)
    assert yard.run("approvals", "list", "--json").json == []


async def test_an_operator_sees_the_diff_and_the_approved_edit_is_made(tmp_path: Path) -> None:
    yard = toolkit_yard(tmp_path, CAREFUL % "[queue]")
    edit = ("call", "toolyard.yaml", "edit", '{"path": "notes.txt", "old_string": "beta", "new_string": "delta"}')
    assert yard.run(*edit).code == 3
    (waits,) = yard.run("approvals", "list", "--json").json
    shown = yard.run("approvals", "show", waits["id"]).out
    assert "-beta\n" in shown
    assert "+delta\n" in shown
    assert yard.run("approvals", "approve", waits["id"]).code == 0
    assert yard.run(*edit).code == 0
    assert (tmp_path / "data/notes.txt").read_text() == "alpha\ndelta\n"


async def test_where_no_sandbox_can_run_the_restricted_shell_is_absent_and_it_is_said_how_to_get_one(
    tmp_path: Path,
) -> None:
    yard = toolkit_yard(tmp_path)
    bare = Yard(root=yard.root, env={**yard.env, **without_bubblewrap(tmp_path)})
    assert (await listed(bare)).keys() == READING
    tools = bare.run("tools", "toolyard.yaml")
    assert "bubblewrap" in tools.err
    why = bare.run("explain", "toolyard.yaml", "bash", '{"command": "ls"}', "--json").json
    assert (why["decision"], why["rule"]) == ("deny", "backend")
    assert "install" in why["reason"]
    called = bare.run("call", "toolyard.yaml", "bash", '{"command": "ls"}')
    assert called.code == 3
    unrestricted = bare.run("call", "toolyard.yaml", "bash", '{"command": "echo hello"}', "--profile", "developer")
    assert (unrestricted.code, "hello" in unrestricted.out) == (0, True)


def test_start_is_refused_when_the_config_names_a_sandbox_that_cannot_run(tmp_path: Path) -> None:
    yard = toolkit_yard(tmp_path, shell=", backend: sandbox")
    refused = yard.run("serve", "toolyard.yaml", env=without_bubblewrap(tmp_path))
    assert refused.code == 2
    assert "bubblewrap" in refused.err
    assert "Traceback" not in refused.err


@needs_sandbox
async def test_the_servers_environment_is_not_the_shells(tmp_path: Path) -> None:
    yard = toolkit_yard(tmp_path)
    for profile in ("readonly", "developer"):
        command = '{"command": "printenv || true; cat /proc/self/environ"}'
        ran = yard.run("call", "toolyard.yaml", "bash", command, "--profile", profile, env={"API_KEY": "s3cret"})
        assert "s3cret" not in ran.out + ran.err
    assert "API_KEY" not in os.environ
