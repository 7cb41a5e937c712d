"""`toolyard serve` over stdio: with the SDK's client in both eras, and byte by byte."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.server.raw_http import HELLO
from tests.server.yards import DEADLINE, ENDS_WITHIN, ERAS, LOG, TOOLYARD, Yard, talking, text_of, until, write_yard
from toolyard.mcp.room import FULL, MOST

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio, threading
from toolyard import ToolContext, tool

stopped = asyncio.Event()

@tool
def echo(text: str) -> str:
    """Say it back."""
    return text

@tool
async def wait(ctx: ToolContext) -> str:
    """Wait for ever, politely."""
    try:
        await ctx.progress(1, 3, "waiting")
        await asyncio.Event().wait()
    finally:
        stopped.set()
    return ""

@tool
async def idle() -> str:
    """Wait for ever, in the lane."""
    await asyncio.Event().wait()
    return ""

@tool
async def look(text: str, ctx: ToolContext) -> str:
    """Say it back, and not from the lane: it could look at the wire."""
    return text

@tool
async def wait_until_stopped() -> str:
    """Answer once `wait` was stopped."""
    await stopped.wait()
    return "stopped"

@tool
def hang(ctx: ToolContext) -> str:
    """A thread that never returns."""
    ctx.progress(1)
    threading.Event().wait()
    return ""

@tool
async def refuse_to_end(ctx: ToolContext) -> str:
    """A coroutine that swallows every cancellation."""
    await ctx.progress(1)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
'''
IN_THE_LANE_AND_NOT = ("idle", "wait")
HANGING = ("wait", "hang", "refuse_to_end")
LONG = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "%s"}}}'


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS)


def test_requests_that_are_piped_in_are_answered_before_the_server_ends(yard: Yard) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "pipe", "version": "1"}}
    lines: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "piped"}}},
    ]
    ran = yard.run("serve", yard.config, stdin="".join(json.dumps({"jsonrpc": "2.0", **line}) + "\n" for line in lines))
    answers = {message["id"]: message["result"] for message in map(json.loads, ran.out.splitlines())}
    assert (ran.code, set(answers)) == (0, {1, 2, 3})
    assert answers[3]["content"][0]["text"] == "piped"


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_lists_calls_hears_progress_and_cancels(yard: Yard, era: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []
    with anyio.fail_after(DEADLINE):
        async with Client(yard.stdio(), mode=era) as client:
            assert {"echo", "wait"} <= {tool.name for tool in (await client.list_tools()).tools}
            assert text_of(await client.call_tool("echo", {"text": "¡hola\n\U0001f600!"})) == "¡hola\n\U0001f600!"
            with anyio.CancelScope() as scope:

                async def hear(progress: float, total: float | None, message: str | None) -> None:
                    heard.append((progress, total, message))
                    scope.cancel()

                await client.call_tool("wait", {}, progress_callback=hear)
            assert text_of(await client.call_tool("wait_until_stopped", {})) == "stopped"
    assert heard == [(1, 3, "waiting")]
    assert yard.ends("wait") == ["cancelled"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_leaves_during_a_call_is_not_waited_for(yard: Yard, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(yard.stdio(), mode=era) as client, anyio.create_task_group() as calls:

            async def hear(progress: float, total: float | None, message: str | None) -> None:
                calls.cancel_scope.cancel()

            async def call(tool: str) -> None:
                await client.call_tool(tool, {}, progress_callback=hear)

            for tool in HANGING:
                calls.start_soon(call, tool)
    assert {status for tool in HANGING for status in yard.ends(tool)} == {"cancelled"}


@pytest.mark.parametrize("tool", IN_THE_LANE_AND_NOT)
async def test_calls_that_share_an_id_are_each_answered_and_cancelled_together(yard: Yard, tool: str) -> None:
    async with talking(yard) as talk:
        await talk.open()
        for text in ("one", "other"):
            await talk.call(1, "look", {"text": text})
        answers = [await talk.line() for _ in range(2)]
        assert {(answer["id"], answer["result"]["content"][0]["text"]) for answer in answers} == {
            (1, "one"),
            (1, "other"),
        }
        for _ in range(3):
            await talk.call(1, tool)
        await until(lambda: len(yard.started(tool)) == 3)
        await talk.send({"method": "notifications/cancelled", "params": {"requestId": "1"}})
        await until(lambda: yard.ends(tool) == ["cancelled"] * 3)
        await talk.call(1, "echo", {"text": "next"})
        assert (await talk.line())["id"] == 1
        assert await talk.end() == (0, b"")


@pytest.mark.parametrize("same_id", [False, True])
@pytest.mark.parametrize("tool", IN_THE_LANE_AND_NOT)
async def test_more_calls_than_there_is_room_for_are_refused_and_a_ping_and_a_cancellation_get_through(
    yard: Yard, tool: str, *, same_id: bool
) -> None:
    more = 50
    async with talking(yard) as talk:
        await talk.open()
        await talk.call(-1, "look", {"text": "so that the SDK is loaded"})
        assert (await talk.line())["id"] == -1
        for number in range(MOST + more):
            await talk.call(1 if same_id else number, tool)
        refused = [await talk.line() for _ in range(more)]
        assert all(answer["result"]["isError"] for answer in refused)
        assert {answer["result"]["content"][0]["text"] for answer in refused} == {FULL}
        assert {answer["id"] for answer in refused} == ({1} if same_id else set(range(MOST, MOST + more)))
        await talk.send({"id": "still there", "method": "ping"})
        assert await talk.line() == {"jsonrpc": "2.0", "id": "still there", "result": {}}
        await talk.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
        await until(lambda: yard.ends(tool).count("cancelled") == (MOST if same_id else 1))
        await talk.call(-1, "look", {"text": "there is room again"})
        assert (await talk.line())["result"]["content"][0]["text"] == "there is room again"
    denied = [record for record in yard.records() if record.get("status") == "denied"]
    assert [(record["tool"], record["rule"]) for record in denied] == [(tool, "under_way")] * more


async def test_of_many_short_calls_none_is_refused(yard: Yard) -> None:
    count = 2 * MOST
    async with talking(yard) as talk, anyio.create_task_group() as tasks:
        await talk.open()

        async def send() -> None:
            for number in range(count):
                await talk.call(number, "echo", {"text": "short"})

        tasks.start_soon(send)
        answers = [await talk.line() for _ in range(count)]
        assert {answer["id"] for answer in answers} == set(range(count))
        assert not any(answer["result"]["isError"] for answer in answers)


async def test_what_is_no_message_is_answered_as_an_error_and_the_next_call_works(yard: Yard) -> None:
    parse_error, invalid_request = -32700, -32600
    refused: list[tuple[bytes, int, int | str | None]] = [
        (b"garbage", parse_error, None),
        (b"{", parse_error, None),
        (b"\xff\xfe\x00", parse_error, None),
        (b'"text"', invalid_request, None),
        (b"[]", invalid_request, None),
        (b"[" * 100_000, parse_error, None),
        (b'{"jsonrpc": "2.0", "id": 7}', invalid_request, 7),
        (b'{"jsonrpc": "1.0", "id": "seven", "method": "ping"}', invalid_request, "seven"),
        (b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "ping"}', invalid_request, None),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', invalid_request, None),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', invalid_request, None),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', invalid_request, None),
        (b'{"jsonrpc": "2.0", "id": 8, "method": 5}', invalid_request, 8),
        (b'{"jsonrpc": "2.0", "id": 9, "method": "ping", "params": [1]}', invalid_request, 9),
        (b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b', "method": "ping"}', parse_error, None),
        (LONG % (b"x" * 4 * 1024 * 1024), invalid_request, None),
        (b"x" * (9 * 1024 * 1024), invalid_request, None),
    ]
    async with talking(yard) as talk:
        await talk.open()
        for line, code, id_of_request in refused:
            await talk.send(b"", line)
            answer = await talk.line()
            assert (answer["error"]["code"], answer["id"]) == (code, id_of_request), line[:80]
            await talk.call(1, "echo", {"text": "still here"})
            assert (await talk.line())["result"]["content"][0]["text"] == "still here"
        assert await talk.end() == (0, b"")


@pytest.mark.parametrize("tool", HANGING)
async def test_a_server_ends_with_its_client_whatever_a_tool_does(yard: Yard, tool: str) -> None:
    async with talking(yard) as talk:
        await talk.open()
        await talk.call(1, tool, progressToken="p")
        assert (await talk.line())["method"] == "notifications/progress"
        code, rest = await talk.end()
        assert code == 0
        assert b'"result"' not in rest
    assert yard.ends(tool) == ["cancelled"]


@pytest.mark.parametrize("tool", HANGING)
async def test_a_server_that_is_terminated_ends_whatever_a_tool_does(yard: Yard, tool: str) -> None:
    async with talking(yard) as talk:
        await talk.open()
        await talk.call(1, tool, progressToken="p")
        assert (await talk.line())["method"] == "notifications/progress"
        talk.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(ENDS_WITHIN):
            assert await talk.process.wait() == 128 + signal.SIGTERM
    assert yard.ends(tool) == ["cancelled"]
    assert "Traceback" not in yard.log()


async def test_a_client_that_reads_late_gets_every_answer(yard: Yard) -> None:
    """More answers than a pipe holds, and nobody reads for longer than the last ones are waited for at the end."""
    late = 4.5
    async with talking(yard) as talk:
        await talk.open()
        for number in range(20):
            await talk.call(number, "echo", {"text": "x" * 18_000})
        await anyio.sleep(late)
        answers = [await talk.line() for _ in range(20)]
        assert {answer["id"] for answer in answers} == set(range(20))
        assert await talk.end() == (0, b"")


async def test_a_client_that_never_reads_does_not_keep_the_server(yard: Yard) -> None:
    async with talking(yard) as talk:
        await talk.open()
        for number in range(20):
            await talk.call(number, "echo", {"text": "x" * 18_000})
        await until(lambda: len(yard.ends("echo")) == 20)
        talk.process.send_signal(signal.SIGTERM)
        with anyio.fail_after(ENDS_WITHIN):
            await talk.process.wait()
    assert "Traceback" not in yard.log()


async def test_lists_that_a_client_asks_for_and_does_not_read_fill_no_memory(tmp_path: Path) -> None:
    verbose = 'from toolyard import define_tool\nlong = define_tool(name="long", description="x" * 200_000, '
    yard = write_yard(tmp_path, f'{TOOLS}\n{verbose}input_schema={{"type": "object"}}, handler=lambda a, c: "")\n')
    async with talking(yard) as talk:
        await talk.open()
        before = resident(talk.process.pid)
        for number in range(400):
            await talk.send({"id": number, "method": "tools/list"})
        await talk.call(400, "echo", {"text": "read"})
        await until(lambda: yard.ends("echo") == ["ok"])
        assert resident(talk.process.pid) - before < 40_000, "it holds half of the answers"
        assert {(await talk.line())["id"] for _ in range(401)} == set(range(401))


def resident(pid: int) -> int:
    """The kilobytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_a_client_that_dies_midway_is_no_error(yard: Yard) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "a"}}}
    log = yard.root / LOG
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [*TOOLYARD, "serve", yard.config],
            cwd=yard.root, env=yard.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
        ) as process,
    ):  # fmt: skip
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(HELLO).encode() + b"\n")
            process.stdin.flush()
            assert b"serverInfo" in process.stdout.readline()
            process.stdout.close()
            process.stdin.write(json.dumps(call).encode() + b"\n")
            process.stdin.flush()
            anyio.run(until, lambda: yard.ends("echo") == ["ok"])
            process.stdin.close()
            assert process.wait(ENDS_WITHIN) == 0
        finally:
            process.kill()
    assert "Traceback" not in log.read_text()
