"""Where a gate has a bound, the lane sees what the gate sees: the caller's profile within it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.server.json_rpc_corpus import written
from tests.server.lane_pair import Pair, pair
from tests.server.raw_http import modern_headers
from tests.server.test_lane_http import IN_SESSION, assert_same, modern
from toolyard import tool
from toolyard.mcp import ToolRuntime, create_mcp_runtime
from toolyard.testing import MemoryLedger
from toolyard_kernel.profiles.builtin import READONLY, UNRESTRICTED
from toolyard_kernel.profiles.profile import PermissionProfile


@tool(effects=["shell"])
async def run() -> str:
    """Needs something of this machine where the shell is confined."""
    return "ran"


@tool(effects=["database.read"])
async def query() -> str:
    """May write, where that is granted."""
    return "asked"


@dataclass
class Machine:
    lacks: str | None = None

    def unavailable(self, profile: PermissionProfile) -> str | None:
        return self.lacks if profile.shell == "restricted" else None

    def runtime(self, ledger: MemoryLedger) -> ToolRuntime:
        """For callers who may do all, behind a gate where nobody does more than read."""
        tools = [replace(run, unavailable=self.unavailable), replace(query, may=frozenset({"database.write"}))]
        runtime = create_mcp_runtime(tools=tools, profile=UNRESTRICTED, ledger=ledger)
        return replace(runtime, tool_gate=replace(runtime.tool_gate, bound=READONLY))


@contextmanager
def bounded() -> Generator[tuple[Machine, Pair]]:
    machine = Machine()
    with pair(machine.runtime) as servers:
        yield machine, servers


def listed(servers: Pair) -> dict[str, Any]:
    """The tools that both sides list, in both eras."""
    assert_same(servers, written({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}), *IN_SESSION)
    said = assert_same(servers, written(modern("tools/list", {})), *modern_headers("tools/list"))
    return {each["name"]: each for each in said.messages[0]["result"]["tools"]}


def test_what_the_machine_lacks_under_the_bound_is_neither_listed_nor_called() -> None:
    with bounded() as (machine, servers):
        assert listed(servers).keys() == {"run", "query"}
        machine.lacks = "bubblewrap"
        assert listed(servers).keys() == {"query"}
        call = written(modern("tools/call", {"name": "run"}))
        said = assert_same(servers, call, *modern_headers("tools/call", "run"))
        assert said.messages[0]["error"]["message"] == "Unknown tool: run"
        machine.lacks = None
        assert listed(servers).keys() == {"run", "query"}


def test_a_tool_is_described_by_what_its_calls_may_do_within_the_bound() -> None:
    with bounded() as (_, servers):
        assert listed(servers)["query"]["annotations"] == {"readOnlyHint": True, "openWorldHint": False}
