"""The Inspector's command line finds nothing to complain about, in either era and over either transport."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.targets import TRANSPORTS, Target, findings, needs_node, run_node, target
from tests.conformance import node

INSPECTOR = node.package("@modelcontextprotocol/inspector") / "clients/launcher/build/index.js"
TOOL_IS_ERROR = 5
"""How the Inspector ends when a tool answered with an error."""

pytestmark = [
    needs_node,
    pytest.mark.parametrize("transport", TRANSPORTS),
    pytest.mark.parametrize("era", ["legacy", "modern"]),
]


@dataclass(frozen=True, kw_only=True)
class Inspector:
    """Its command line, held to one era, with one server to connect to."""

    goal: Target
    era: str

    def run(self, method: str, *options: str) -> Any:
        root = self.goal.yard.root
        config = self.goal.yard.write("servers.json", json.dumps({"mcpServers": {"yard": self.goal.address}}))
        chosen = ("--config", config, "--server", "yard", "--protocol-era", self.era, "--format", "json")
        return run_node(INSPECTOR, "--cli", *chosen, "--method", method, *options, cwd=root)


def test_every_tool_is_listed_and_its_schema_is_portable(tmp_path: Path, era: str, transport: str) -> None:
    with target(tmp_path, transport) as goal:
        done = Inspector(goal=goal, era=era).run("tools/list", "--strict")
    listed = [tool["name"] for tool in findings(done)["result"]["tools"]]
    assert listed == ["add", "count", "erase", "heard", "stopped", "wait"]


def test_a_tool_is_called(tmp_path: Path, era: str, transport: str) -> None:
    with target(tmp_path, transport) as goal:
        done = Inspector(goal=goal, era=era).run("tools/call", "--tool-name", "add", "--tool-arg", "a=2", "b=3")
    assert findings(done)["result"]["content"] == [{"type": "text", "text": "5"}]
    assert goal.yard.ends("add") == ["ok"]


def test_an_ask_that_a_command_line_cannot_answer_is_a_refusal(tmp_path: Path, era: str, transport: str) -> None:
    with target(tmp_path, transport) as goal:
        done = Inspector(goal=goal, era=era).run("tools/call", "--tool-name", "erase", "--tool-arg", "name=a")
    assert done.returncode == TOOL_IS_ERROR
    result = json.loads(done.stdout)["result"]
    assert "nobody here can give it" in result["content"][0]["text"]
    assert (goal.yard.ends("erase"), goal.yard.started("erase")) == (["denied"], [])
