"""A server that is asked to end lets calls under way finish, for as long as its config says."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult

from tests.server.yards import DEADLINE, MODERN, Server, Yard, serving, text_of, until, write_yard

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from pathlib import Path
from toolyard import ToolContext, tool

@tool
async def finish(ctx: ToolContext) -> str:
    """End when there is a file `go`."""
    looks = 0
    while not Path(__file__).with_name("go").exists():
        await ctx.progress(looks := looks + 1)
        await asyncio.sleep(0.05)
    return "finished"
'''
CONFIG = "python: [my_tools]\nhttp: {{drain: {drain}}}\n"
LONGER = 1.5
"""Seconds: more than what a request that is no call has."""
PROCESSES = pytest.mark.parametrize("workers", ["1", "2"])


@dataclass
class Made:
    """A call that is under way, and how it ends."""

    client: Client
    answers: list[CallToolResult | MCPError] = field(default_factory=list[Any])
    looks: float = 0

    async def make(self, began: anyio.Event) -> None:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            self.looks = progress
            began.set()

        try:
            self.answers.append(await self.client.call_tool("finish", {}, progress_callback=hear))
        except MCPError as error:
            self.answers.append(error)


@asynccontextmanager
async def under_way(server: Server) -> AsyncGenerator[Made]:
    """A call of `finish` whose handler runs; it has ended when this is left."""
    began = anyio.Event()
    async with Client(server.url, mode=MODERN) as client, anyio.create_task_group() as tasks:
        await client.list_tools()  # it would do so after the call, when nobody comes in any more
        made = Made(client)
        tasks.start_soon(made.make, began)
        await began.wait()
        yield made


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE).close()
    except ConnectionRefusedError:
        return True
    return False


async def ended(server: Server) -> int:
    return await anyio.to_thread.run_sync(server.process.wait, DEADLINE)


def yard_with(tmp_path: Path, drain: str) -> Yard:
    return write_yard(tmp_path, TOOLS, CONFIG.format(drain=drain))


@PROCESSES
async def test_a_call_under_way_finishes_and_nobody_else_comes_in(tmp_path: Path, workers: str) -> None:
    yard = yard_with(tmp_path, "60s")
    with anyio.fail_after(DEADLINE), serving(yard, "--workers", workers) as server:
        async with under_way(server) as made:
            server.process.terminate()
            await until(lambda: refused(server.port))
            later = made.looks + LONGER / 0.05
            await until(lambda: made.looks > later)
            assert (made.answers, server.process.poll()) == ([], None)
            yard.write("go", "")
        [answer] = made.answers
        assert isinstance(answer, CallToolResult)
        assert text_of(answer) == "finished"
        assert await ended(server) == 128 + signal.SIGTERM
    assert yard.ends("finish") == ["ok"]
    assert yard.run("ledger", "verify").code == 0


@PROCESSES
async def test_a_call_that_does_not_end_is_cut_at_the_deadline(tmp_path: Path, workers: str) -> None:
    yard = yard_with(tmp_path, "200ms")
    with anyio.fail_after(DEADLINE), serving(yard, "--workers", workers) as server:
        async with under_way(server) as made:
            server.process.terminate()
        assert isinstance(made.answers[0], MCPError)
        assert await ended(server) == 128 + signal.SIGTERM
    assert yard.ends("finish") == ["cancelled"]
    assert "Traceback" not in server.log


@PROCESSES
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_whoever_cannot_wait_for_the_drain_asks_again(
    tmp_path: Path, workers: str, sent: signal.Signals, code: int
) -> None:
    yard = yard_with(tmp_path, "60s")
    with anyio.fail_after(DEADLINE), serving(yard, "--workers", workers) as server:
        async with under_way(server) as made:
            server.process.terminate()
            await until(lambda: refused(server.port))
            server.process.send_signal(sent)
        assert isinstance(made.answers[0], MCPError)
        assert await ended(server) == code
    assert yard.ends("finish") == ["cancelled"]


async def test_a_server_with_nothing_under_way_ends_at_once(tmp_path: Path) -> None:
    yard = yard_with(tmp_path, "1h")
    with anyio.fail_after(DEADLINE), serving(yard) as server:
        async with Client(server.url, mode=MODERN) as client:
            await client.list_tools()
        assert server.stop() == 128 + signal.SIGTERM
