"""One bad tool or toolkit takes nothing else down (R2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.server.hosting import Kit
from tests.server.yards import DEADLINE, ERAS, serving, text_of, write_yard
from toolyard import mcp, tool
from toolyard.runtime import ToolLike
from toolyard.testing import NoLedger
from toolyard_kernel.tools.opening import OpenToolkits

pytestmark = pytest.mark.anyio


def fine() -> str:
    """Fine."""
    return "fine"


class OwnError(BaseException):
    """Below no Exception."""


ENDINGS: list[BaseException] = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    asyncio.CancelledError(),
    StopIteration(),
    StopAsyncIteration(),
    MemoryError(),
    RecursionError(),
    OwnError("odd"),
    BaseExceptionGroup("several", [KeyboardInterrupt(), ValueError("one")]),
]


def raising(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("error", ENDINGS, ids=lambda error: type(error).__name__)
async def test_whatever_a_handler_raises_is_the_answer_of_its_call(error: BaseException, era: str) -> None:
    def in_thread() -> str:
        return str(raising(error))

    async def on_loop() -> str:
        return str(raising(error))

    async def cleaning_up() -> str:
        try:
            await anyio.lowlevel.checkpoint()
            return str(raising(error))
        finally:
            await anyio.lowlevel.checkpoint()

    inline = tool(name="inline", inline=True)(in_thread)
    tools: list[ToolLike] = [fine, in_thread, on_loop, cleaning_up, inline]
    server = mcp.create_server(mcp.create_mcp_runtime(tools=tools, ledger=NoLedger()))
    with anyio.fail_after(DEADLINE):
        async with Client(server, mode=era) as client:
            for name in ("in_thread", "on_loop", "cleaning_up", "inline"):
                answer = await client.call_tool(name, {})
                assert answer.is_error
                assert type(error).__name__ in text_of(answer) or "cancelled itself" in text_of(answer)
                assert text_of(await client.call_tool("fine", {})) == "fine"


PROCESS_ENDING = '''
import os, sys
from toolyard import tool

@tool
def leave() -> str:
    """Leave."""
    sys.exit(3)

@tool
async def interrupt() -> str:
    """Interrupt."""
    raise KeyboardInterrupt

@tool
def fine() -> str:
    """Fine."""
    return str(os.getpid())
'''


async def test_a_tool_that_ends_the_process_does_not(tmp_path_factory: pytest.TempPathFactory) -> None:
    yard = write_yard(tmp_path_factory.mktemp("leaving"), PROCESS_ENDING)
    with anyio.fail_after(DEADLINE), serving(yard) as server:
        for era in ERAS:
            async with Client(server.url, mode=era) as client:
                for name in ("leave", "interrupt"):
                    assert (await client.call_tool(name, {})).is_error
                    assert text_of(await client.call_tool("fine", {})) == str(server.process.pid)


@asynccontextmanager
async def fails(error: BaseException) -> AsyncGenerator[None]:
    raising(error)
    yield


@asynccontextmanager
async def hangs() -> AsyncGenerator[None]:
    await asyncio.Event().wait()
    yield


@asynccontextmanager
async def swallows() -> AsyncGenerator[None]:
    """Ignores its first cancellation, and there are two."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()
    yield


def held(runtime: mcp.ToolRuntime, *, opening: float = 30.0) -> mcp.ToolRuntime:
    """The same with another deadline for opening."""
    gate = runtime.gate("mcp")

    def gone(toolkit: Any) -> None:
        gate.registry.remove(f"{toolkit.name}_tool")

    return replace(runtime, open_toolkits=OpenToolkits(runtime.toolkits, gone, opening=opening))


LIVES: dict[str, Callable[[], Any]] = {
    **{type(error).__name__: partial(fails, error) for error in (OSError("no disk"), SystemExit(1), OwnError())},
    "cancelled": partial(fails, asyncio.CancelledError()),
    "hangs": hangs,
}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES.keys())
async def test_a_toolkit_that_cannot_be_opened_takes_only_its_own_tools_away(
    life: Callable[[], Any], era: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Kit("bad", life), Kit("good")
    runtime = mcp.create_mcp_runtime(tools=[fine], toolkits=[bad, good], ledger=NoLedger())
    if life is hangs:
        runtime = held(runtime, opening=0.1)
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime), mode=era) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["fine", "good_tool"]
            assert text_of(await client.call_tool("good_tool", {})) == "here"
    assert bad.events == ["opens"]
    assert good.events == ["opens", "closed"]
    assert "toolkit 'bad'" in caplog.text
    assert "its tools are gone until the next start" in caplog.text
    assert "and goes on" not in caplog.text


async def test_a_toolkit_that_does_not_heed_its_deadline_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Kit("bad", swallows), Kit("good")
    runtime = held(mcp.create_mcp_runtime(toolkits=[bad, good], ledger=NoLedger()), opening=0.1)
    with anyio.fail_after(DEADLINE):
        async with runtime.lifespan():
            assert [entry.tool.name for entry in runtime.gate("mcp").registry] == ["good_tool"]
    assert "toolkit 'bad' was cancelled while it opened, and goes on" in caplog.text
    assert good.events == ["opens", "closed"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_toolkit_that_breaks_while_it_is_open_takes_only_its_own_tools_away(era: str) -> None:
    breaks = anyio.Event()

    @asynccontextmanager
    async def connected() -> AsyncGenerator[None]:
        async def lose_connection() -> None:
            await breaks.wait()
            raise ConnectionError("gone")

        async with anyio.create_task_group() as background:
            background.start_soon(lose_connection)
            yield

    bad = Kit("bad", connected)
    runtime = mcp.create_mcp_runtime(tools=[fine], toolkits=[bad], ledger=NoLedger())
    removed = anyio.Event()
    runtime.gate("mcp").registry.on_change(removed.set)
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime), mode=era) as client:
            assert len((await client.list_tools()).tools) == 2
            breaks.set()
            await removed.wait()
            listed = await client.list_tools(cache_mode="bypass")
            assert [tool.name for tool in listed.tools] == ["fine"]
            assert text_of(await client.call_tool("fine", {})) == "fine"


async def test_a_toolkit_that_cannot_be_closed_does_not_keep_the_others_open(caplog: pytest.LogCaptureFixture) -> None:
    @asynccontextmanager
    async def fails_at_the_end() -> AsyncGenerator[None]:
        yield
        raising(OSError("no disk"))

    @asynccontextmanager
    async def hangs_at_the_end() -> AsyncGenerator[None]:
        yield
        await asyncio.Event().wait()

    kits = [Kit("one", fails_at_the_end), Kit("two", hangs_at_the_end), Kit("three")]
    runtime = mcp.create_mcp_runtime(tools=[fine], toolkits=kits, ledger=NoLedger())
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime)) as client:
            assert len((await client.list_tools()).tools) == 4
    assert [kit.events for kit in kits] == [["opens"], ["opens"], ["opens", "closed"]]
    for name in ("one", "two"):
        assert f"toolkit '{name}' failed with" in caplog.text
    assert len(runtime.gate("mcp").registry) == 4, "they may be opened again"


async def test_toolkits_stay_open_until_the_last_door_is_closed() -> None:
    kit = Kit("shared")
    runtime = mcp.create_mcp_runtime(toolkits=[kit], ledger=NoLedger())
    first_left = anyio.Event()
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as doors:
            both_open = [anyio.Event(), anyio.Event()]

            async def first() -> None:
                async with runtime.lifespan():
                    both_open[0].set()
                    await both_open[1].wait()
                first_left.set()

            async def second() -> None:
                await both_open[0].wait()
                async with Client(mcp.create_server(runtime)) as client:
                    both_open[1].set()
                    await first_left.wait()
                    assert text_of(await client.call_tool("shared_tool", {})) == "here"
                    assert kit.events == ["opens"]

            doors.start_soon(first)
            doors.start_soon(second)
        assert kit.events == ["opens", "closed"]
        async with runtime.lifespan():
            assert kit.events == ["opens", "closed", "opens"]
    assert kit.events == ["opens", "closed"] * 2
