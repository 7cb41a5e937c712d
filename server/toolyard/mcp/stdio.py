"""Serving one client over stdin and stdout."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic_core import to_json

from toolyard.mcp.callers import Counter
from toolyard.mcp.lane.identity import Identity
from toolyard.mcp.lane.stdio import StdioLane
from toolyard.mcp.pipe_lines import lines_of
from toolyard.runtime import ServedRuntime
from toolyard.standard_streams import Streams, claimed_streams
from toolyard.watchdog import watched

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from toolyard.mcp.server import Extend

SDK = "toolyard.mcp.sdk_stdio"


async def serve_stdio(
    runtime: ServedRuntime,
    agent: str = "mcp",
    *,
    name: str = "toolyard",
    instructions: str | None = None,
    streams: Streams | None = None,
    extend: Extend | None = None,
    lane: bool = True,
) -> None:
    """Serve the client at the other end of stdin and stdout until it closes stdin.

    stdout carries protocol only: whatever else is printed goes to stderr. Give `streams` when they were claimed
    before, as the command line does, so that importing tools cannot print into the protocol either. `extend` is called
    with the SDK's server before it serves. Without `lane`, and with `extend`, that server answers every request.

    Raises:
        UnknownName: no such agent.
        DefinitionError: a tool's `x-mcp-header` is not one that clients accept.
    """
    counter = Counter(runtime=runtime, agent=agent, caller="stdio")
    plain = lane and extend is None
    sdk = None if plain and not _annotates(counter) else _sdk(counter, name, instructions, extend)
    if streams is None:
        with claimed_streams() as claimed:
            await _serve(counter, name, instructions, claimed, sdk, plain=plain)
    else:
        await _serve(counter, name, instructions, streams, sdk, plain=plain)


async def _serve(
    counter: Counter, name: str, instructions: str | None, streams: Streams, sdk: Server[Any] | None, *, plain: bool
) -> None:
    async with counter.runtime.lifespan(), lines_of(streams) as lines:
        lane = StdioLane(lines, counter, Identity.of(name, instructions), takes=plain)
        with watched(counter.gate.running):
            async with lane.open():
                if not await lane.needs_sdk():
                    return
                await to_thread.run_sync(import_module, SDK)  # half a second, in which the lane goes on
                # Here, not at the top: as above; many a client never needs it.
                from toolyard.mcp.sdk_stdio import serve_lines  # noqa: PLC0415

                await serve_lines(sdk or _sdk(counter, name, instructions, None), lane)


def _sdk(counter: Counter, name: str, instructions: str | None, extend: Extend | None) -> Server[Any]:
    # Here, not at the top: it loads the SDK.
    from toolyard.mcp.server import create_server  # noqa: PLC0415

    return create_server(
        counter.runtime, counter.agent, name=name, instructions=instructions, caller=counter.caller, extend=extend
    )


def _annotates(counter: Counter) -> bool:
    """Whether a schema says that an argument stands in a header; only the SDK knows which ones clients accept."""
    return any(b"x-mcp-header" in to_json(entry.tool.input_schema) for entry in counter.gate.registry)
