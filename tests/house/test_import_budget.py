"""What start-up may load: a first `tools/list` waits for nothing that it does not need."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import toolyard
from tests.server.yards import TOOLYARD, write_yard
from toolyard import mcp

FOR_THE_WIRE = {"mcp", "mcp_types", "starlette", "uvicorn"}
FOR_AGENTS = {"openai"}
FOR_TOOLKITS = {"sqlalchemy", "sqlglot", "re2", "tree_sitter", "tree_sitter_bash"}
FOR_TERMINALS = {"rich", "pygments"}
FOR_OBSERVABILITY = {"opentelemetry"}
FOR_CONFIGURATION = {"pydantic", "yaml", "click", "jsonschema_rs"}
FOR_WHAT_A_CONFIG_HAS_NOT = {
    "anyio._backends",
    "toolyard.cli.counts_folder",
    "toolyard.cli.place",
    "toolyard.cli.workers",
    "toolyard.config.agents",
    "toolyard.prompt_files",
    "toolyard_agents.config",
    "toolyard_agents.models",
    "toolyard_kernel.backends",
    "toolyard_kernel.front_matter",
    "toolyard_kernel.ledger.reading",
    "toolyard_kernel.ledger.syncing",
    "toolyard_kernel.references.files",
    "toolyard_kernel.tools.toolkit_loading",
    "toolyard_toolkits",
}
MOST_OF_OURS = 125
"""Modules of Toolyard that a start loads, each for about a millisecond."""

LISTING = """
from toolyard import mcp
toolkits = {name: {"root": "."} for name in ("files", "search", "shell")}
toolkits["database"] = {"connections": {"shop": {"url": "sqlite:///shop.db"}}}
assert len(mcp.list_tools(mcp.create_mcp_runtime(toolkits=toolkits))) > 6
"""

GREETING = """
import asyncio, json, os
from toolyard import mcp, tool
from toolyard.standard_streams import Streams
from toolyard.testing import NoLedger

@tool
def echo(text: str) -> str:
    "Say it back."
    return text

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
ABOUT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
SAID = [("tools/list", {"_meta": META}), ("server/discover", {"_meta": META})] if MODERN else [
    ("initialize", ABOUT), ("notifications/initialized", None), ("ping", {}), ("tools/list", {}),
    ("tools/call", {"name": "echo", "arguments": {"text": "here"}}),
]
(stdin, mouth), (ear, stdout) = os.pipe(), os.pipe()
for number, (method, params) in enumerate(SAID):
    message = {"jsonrpc": "2.0", "method": method, **({} if params is None else {"id": number, "params": params})}
    os.write(mouth, json.dumps(message).encode() + b"\\n")
os.close(mouth)
streams = Streams(stdin=os.fdopen(stdin, "rb"), stdout=os.fdopen(stdout, "wb", 0))
asyncio.run(mcp.serve_stdio(mcp.create_mcp_runtime(tools=[echo], ledger=NoLedger()), streams=streams))
answers = [json.loads(line) for line in os.read(ear, 1 << 16).splitlines()]
assert len(answers) == sum(params is not None for _, params in SAID), answers
assert all("result" in answer for answer in answers), answers
"""


def loaded_by(statement: str) -> set[str]:
    """The packages that a fresh Python has loaded after one statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return {name.partition(".")[0] for name in json.loads(ran.stdout.splitlines()[-1])}


@pytest.mark.parametrize(
    ("statement", "spared"),
    [
        ("import toolyard", FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS | FOR_CONFIGURATION),
        ("import toolyard.mcp", FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS),
        (LISTING, FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS),
        (f"MODERN = False\n{GREETING}", FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS | FOR_OBSERVABILITY),
        (f"MODERN = True\n{GREETING}", FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS | FOR_OBSERVABILITY),
        ("import toolyard.cli.run, toolyard.cli.call", FOR_TERMINALS | FOR_OBSERVABILITY),
        ("from toolyard import create_runtime, run_prompt", FOR_THE_WIRE | FOR_OBSERVABILITY),
    ],
)
def test_an_import_loads_nothing_that_is_used_later(statement: str, spared: set[str]) -> None:
    assert not loaded_by(statement) & spared


TOOLS = """
from toolyard import tool

@tool
def echo(text: str) -> str:
    "Say it back."
    return text
"""
FIRST_LIST = (
    b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {'
    b'"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}}\n'
)


def loaded_by_the_first_list(folder: Path) -> set[str]:
    """The modules that `toolyard serve` has loaded when it has answered its first request, over stdio."""
    yard, said = write_yard(folder, TOOLS), folder / "said"
    command = [*TOOLYARD, "serve", yard.config]
    env = {**yard.env, "PYTHONPROFILEIMPORTTIME": "1"}
    with (
        said.open("wb") as stderr,
        subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(FIRST_LIST)
        server.stdin.flush()
        answer = json.loads(server.stdout.readline())
        server.kill()  # what its end loads is no part of its start
    assert [tool["name"] for tool in answer["result"]["tools"]] == ["echo"]
    return set(re.findall(r"^import time: .*\| +(\S+)$", said.read_text(), re.MULTILINE))


def test_a_start_loads_only_what_its_config_needs(tmp_path: Path) -> None:
    loaded = loaded_by_the_first_list(tmp_path)
    assert "toolyard.mcp.lane.stdio" in loaded
    assert sorted(loaded & FOR_WHAT_A_CONFIG_HAS_NOT) == []
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & (FOR_THE_WIRE | FOR_AGENTS | FOR_TOOLKITS | FOR_TERMINALS | FOR_OBSERVABILITY)
    ours = {name for name in loaded if name.partition(".")[0].startswith("toolyard")}
    assert len(ours) <= MOST_OF_OURS


@pytest.mark.parametrize("package", ["toolyard", "toolyard.mcp", "toolyard.testing"])
def test_every_public_name_can_be_imported(package: str) -> None:
    code = f"import {package} as it\nfor name in it.__all__: getattr(it, name)"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("package", [toolyard, mcp], ids=["toolyard", "mcp"])
def test_type_checkers_are_told_where_each_public_name_really_is(package: ModuleType) -> None:
    tree = ast.parse(Path(package.__file__ or "").read_text())
    (told,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for node in told.body if isinstance(node, ast.ImportFrom) and node.module != "toolyard"]
    assert {alias.name: node.module for node in imports for alias in node.names} == vars(package)["_HOMES"]
