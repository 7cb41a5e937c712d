"""The server that the conformance suites are run against: Toolyard's public API and nothing else.

Usage: python -m tests.conformance.fixture [--without-lane]

It listens on a free port and prints its URL.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from tests.conformance import documents, live_tools, plain_tools, round_tools
from toolyard import AgentConfig, Tool, mcp, prompt, tool
from toolyard_kernel.ledger.ledger import Ledger

AGENT = AgentConfig(name="echo", role="specialist", model="scripted", description="Does what its prompt says.")


@tool
def passing_tool() -> str:
    """Come and go."""
    return "here"


@prompt
def passing_prompt() -> str:
    """Come and go."""
    return "here"


def triggers(runtime: mcp.ToolRuntime) -> tuple[Tool, ...]:
    """Tools that change what the runtime lists while it is served."""
    registry = runtime.gate("mcp").registry

    @tool
    async def test_trigger_tool_change() -> str:
        """Add a tool and take it away."""
        registry.register(passing_tool)
        registry.remove(passing_tool.name)
        return "The list of tools changed"

    @tool
    async def test_trigger_prompt_change() -> str:
        """Add a prompt and take it away."""
        runtime.prompts.register(passing_prompt)
        runtime.prompts.remove(passing_prompt.name)
        return "The list of prompts changed"

    return test_trigger_tool_change, test_trigger_prompt_change


def with_logging(server: Server[Any]) -> None:
    """Toolyard offers no logging to clients of its own, so its host does."""

    async def set_level(ctx: ServerRequestContext[Any, Any], params: types.SetLevelRequestParams) -> types.EmptyResult:
        return types.EmptyResult()

    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, set_level)


def say(url: str) -> None:
    print(url, flush=True)  # noqa: T201 - whoever started it waits for this line


def runtime_of(ledger: Ledger | None = None) -> mcp.ToolRuntime:
    runtime = mcp.create_mcp_runtime(
        tools=(*plain_tools.TOOLS, *live_tools.TOOLS, *round_tools.TOOLS),
        resources=documents.RESOURCES,
        prompts=documents.PROMPTS,
        agents=[AGENT],
        ledger=ledger,
    )
    for trigger in triggers(runtime):
        runtime.gate("mcp").registry.register(trigger)
    return runtime


async def serve(*, lane: bool = True) -> None:
    name = "toolyard-conformance"
    await mcp.serve_http(runtime_of(), port=0, name=name, extend=with_logging, lane=lane, on_ready=say)


if __name__ == "__main__":
    anyio.run(partial(serve, lane="--without-lane" not in sys.argv))
