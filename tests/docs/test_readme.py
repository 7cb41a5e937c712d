"""Every block of README.md runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from mcp import Client, StdioServerParameters

from toolyard import mcp
from toolyard.cli import pauses
from toolyard.config.model import Config
from toolyard.mcp import room, slow_bodies
from toolyard_kernel.yaml_files import validated

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
CLONE = "/path/to/toolyard"
DOCS = (ROOT / "docs/toolkits.md").read_text()
(DOCS_BLOCK,) = re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_the_readme_has_no_block_that_these_tests_do_not_know() -> None:
    kinds = ["sh", "json", "yaml", "python", "yaml", "sh", "yaml", "python", "python", "python", "yaml", "python"]
    assert [kind for kind, _ in BLOCKS] == kinds


def test_the_two_commands_of_the_first_screen_are_targets_of_the_makefile() -> None:
    commands = [line.split("#")[0].split() for line in blocks("sh")[0].splitlines()]
    assert commands == [["make", "demo"], ["make", "serve"]]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for _, target in commands)
    assert README.index("make demo") < README.index("\n## ")


async def test_the_json_for_an_ide_starts_a_server_that_answers() -> None:
    pasted = blocks("json")[0].replace(f"{CLONE}/.venv", sys.prefix).replace(CLONE, str(ROOT))
    server = json.loads(pasted)["mcpServers"]["toolyard"]
    with anyio.fail_after(60):
        async with Client(StdioServerParameters(**server, env=dict(os.environ))) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} >= {"read", "list"}
            assert not (await client.call_tool("read", {"path": "README.md"})).is_error


def test_a_tool_of_ones_own_is_listed_called_explained_and_recorded_by_the_commands_shown(tmp_path: Path) -> None:
    (tmp_path / "my_tools.py").write_text(blocks("python")[0])
    (tmp_path / "toolyard.yaml").write_text(blocks("yaml")[1])
    *lines, serve = blocks("sh")[1].splitlines()
    listed, called, explained, recorded = [_run(line, tmp_path) for line in lines]
    assert "word_count" in listed
    assert "publish" not in listed
    assert called == "6\n"
    assert explained.startswith("deny:")
    assert "network" in explained
    assert "word_count  ok" in recorded
    assert serve.startswith("toolyard serve toolyard.yaml --transport streamable-http")


def test_the_toolkits_shown_are_served_read_only(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("create table items (name text)")
    for text in (blocks("yaml")[0], DOCS_BLOCK):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "toolyard.yaml").write_text(text)
        listed = _run("toolyard tools toolyard.yaml", tmp_path)
        assert {"read", "list", "grep", "glob", "sql_query"} <= set(re.findall(r"^(\w+)", listed, re.MULTILINE))
        assert "\nwrite" not in listed
        assert "items" in _run('toolyard call toolyard.yaml sql_tables \'{"connection": "shop"}\'', tmp_path)


def test_the_agent_shown_is_served_as_a_tool(tmp_path: Path) -> None:
    (tmp_path / "toolyard.yaml").write_text(blocks("yaml")[2])
    listed = _run("toolyard tools toolyard.yaml", tmp_path)
    assert "ask_reviewer" in listed
    assert "run_prompt" in listed


def test_the_agent_in_python_runs(tmp_path: Path) -> None:
    program = blocks("python")[1].replace("working_dir=", 'model="noop", working_dir=')
    assert 'model="noop"' in program
    (tmp_path / "agent.py").write_text(program)
    command = [sys.executable, "-W", "error", "agent.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr  # where there is no sandbox, it says that there is no `bash`


async def test_the_graph_goes_round_until_its_branch_leaves_it_and_is_played_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = blocks("python")[2].replace('"gpt-5-mini"', '"scripted"')  # which says what it was asked
    names: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), names)  # noqa: S102 - running it is the test
    await names["write"]("a pond,\na frog,\na sound")
    await names["write"]("two\nlines")
    found, same, endless, also = capsys.readouterr().out.splitlines()
    assert found.startswith('end {"haiku": "Write a haiku on a pond')
    assert endless == "max_iterations "
    assert same == also == "True"


async def test_the_team_in_a_python_program_answers(capsys: pytest.CaptureFixture[str]) -> None:
    program = blocks("python")[3].replace('interpreter="openai"', 'interpreter="scripted"')
    names: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), names)  # noqa: S102 - running it is the test
    delegate = {"tool": "delegate", "arguments": {"agent": "poet", "prompt": "Roses are red."}}
    await names["ask"](json.dumps(delegate))
    assert "'type': 'turn_complete', 'content': 'Roses are red.'" in capsys.readouterr().out


def test_the_config_for_other_machines_is_one() -> None:
    config = validated(Config, yaml.safe_load(blocks("yaml")[3]), where="README.md", base=ROOT)
    assert config.auth.tokens[0].profile == "readonly"
    assert config.auth.allowed_hosts == ["tools.example.com"]


def test_the_bounds_named_are_those_that_hold() -> None:
    http = Config().http
    named = [
        (f"`http.max_body_bytes` ({http.max_body_bytes >> 20} MiB by default)", http.max_body_bytes, slow_bodies.SIZE),
        ("is not there within half a minute", slow_bodies.PATIENCE, 30),
        ("may have a thousand requests under way", room.MOST, 1000),
        ("grows up to 5 seconds", pauses.LONGEST, 5),
        ("`http.drain` (2 seconds by default)", http.drain, 2),
    ]
    assert [words for words, bound, expected in named if words not in README or bound != expected] == []


async def test_the_embedded_program_makes_an_application() -> None:
    names: dict[str, object] = {}
    exec(compile(blocks("python")[4], "README.md", "exec"), names)  # noqa: S102 - running it is the test
    runtime = names["runtime"]
    assert isinstance(runtime, mcp.ToolRuntime)
    assert [tool["name"] for tool in mcp.list_tools(runtime)] == ["greet"]
    assert callable(names["app"])


def _run(line: str, folder: Path) -> str:
    command = [sys.executable, "-m", *shlex.split(line)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
