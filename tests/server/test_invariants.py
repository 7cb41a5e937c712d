"""What must never happen, through the real doors: R1, R5, S1, S2 and S3."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INVALID_PARAMS

from tests.server.raw_http import HELLO, JSON, exchange, modern, modern_headers, post
from tests.server.yards import DEADLINE, ERAS, Server, Yard, serving, talking, text_of, write_yard
from toolyard import define_tool, mcp, tool
from toolyard.testing import MemoryLedger, NoLedger
from toolyard.watchdog import watched
from toolyard_kernel.profiles.builtin import BUILT_IN

pytestmark = pytest.mark.anyio

HASTY = "limits: {timeout: 300ms}\n"
HANGING = '''
import asyncio, subprocess, sys, threading
from toolyard import ToolContext, tool

@tool
def thread() -> str:
    """A thread that never returns."""
    threading.Event().wait()
    return ""

@tool
def child() -> str:
    """A child process that lives as long as this one."""
    return str(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE).wait())

@tool
async def polite() -> str:
    """A coroutine that heeds its cancellation."""
    await asyncio.Event().wait()
    return ""

@tool
async def rude() -> str:
    """A coroutine that does not."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

@tool
async def chatty(ctx: ToolContext) -> str:
    """A coroutine that reports for ever."""
    number = 0
    while True:
        number += 1
        await ctx.progress(number)
        await asyncio.sleep(0.01)

@tool
def awaited() -> str:
    """A sync function that returns what never comes."""
    return asyncio.Event().wait()

@tool(timeout=0.1)
async def own_deadline() -> str:
    """A deadline of the tool's own, shorter than the profile's."""
    await asyncio.Event().wait()
    return ""

@tool
async def quick() -> str:
    """Answer."""
    return "quick"
'''
HANGS = ("thread", "child", "polite", "rude", "chatty", "awaited", "own_deadline")


@asynccontextmanager
async def client_of(transport: str, yard: Yard, era: str) -> AsyncGenerator[Client]:
    if transport == "stdio":
        async with Client(yard.stdio(), mode=era) as client:
            yield client
        return
    with serving(yard) as server:
        async with Client(server.url, mode=era) as client:
            yield client


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_r1_every_call_is_answered_by_its_deadline(tmp_path: Path, transport: str, era: str) -> None:
    yard = write_yard(tmp_path, HANGING, "profile: hasty.yaml\npython: [my_tools]\n")
    yard.write("hasty.yaml", HASTY)
    answers: dict[str, str] = {}
    with anyio.fail_after(DEADLINE):
        async with client_of(transport, yard, era) as client, anyio.create_task_group() as calls:

            async def call(name: str) -> None:
                result = await client.call_tool(name, {})
                assert result.is_error
                answers[name] = text_of(result)

            for name in HANGS:
                calls.start_soon(call, name)
            assert text_of(await client.call_tool("quick", {})) == "quick"
    expected = {name: f"'{name}' timed out: it did not end within 0.3s" for name in HANGS}
    assert answers == {**expected, "own_deadline": "'own_deadline' timed out: it did not end within 0.1s"}
    assert {name: yard.ends(name) for name in HANGS} == {name: ["timeout"] for name in HANGS}


async def test_r1_threads_that_never_return_are_capped_and_keep_nobody_else_waiting(tmp_path: Path) -> None:
    yard = write_yard(tmp_path, HANGING, "profile: hasty.yaml\npython: [my_tools]\n")
    yard.write("hasty.yaml", HASTY)
    cap = 16
    answers: list[str] = []
    with anyio.fail_after(DEADLINE):
        async with Client(yard.stdio()) as client:

            async def call() -> None:
                answers.append(text_of(await client.call_tool("thread", {})))

            for _ in range(2):
                async with anyio.create_task_group() as calls:
                    for _ in range(cap):
                        calls.start_soon(call)
            assert text_of(await client.call_tool("quick", {})) == "quick"
    waited = [answer for answer in answers if "waited for a worker thread" in answer]
    assert (len(answers), len(waited)) == (2 * cap, cap)


async def test_r1_an_approver_that_never_answers_is_a_no_by_its_deadline() -> None:
    async def never(ask: object) -> bool:
        await anyio.sleep_forever()
        return True

    ran: list[str] = []
    act = tool(name="act", approval="always")(lambda: ran.append("act"))
    hasty = BUILT_IN["readonly"].model_copy(
        update={"approval": BUILT_IN["readonly"].approval.model_copy(update={"deadline": 0.1})}
    )
    runtime = mcp.create_mcp_runtime(tools=[act], approver=never, profile=hasty, ledger=NoLedger())
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime)) as client:
            answer = await client.call_tool("act", {})
    assert (answer.is_error, ran) == (True, [])
    assert "approval was not given within 0.1s" in text_of(answer)


async def test_r1_a_watchdog_names_the_handler_that_blocks_the_loop() -> None:
    class Told(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.said: list[str] = []
            self.told = threading.Event()

        def emit(self, record: logging.LogRecord) -> None:
            self.said.append(record.getMessage())
            self.told.set()

    told = Told()

    @tool(inline=True)
    def block() -> bool:
        """Hold the loop until the watchdog has said so."""
        return told.told.wait(DEADLINE)

    runtime = mcp.create_mcp_runtime(tools=[block], ledger=NoLedger())
    logging.getLogger("toolyard").addHandler(told)
    try:
        with watched(runtime.gate("mcp").running, patience=0.05):
            async with Client(mcp.create_server(runtime)) as client:
                assert text_of(await client.call_tool("block", {})) == "true"
    finally:
        logging.getLogger("toolyard").removeHandler(told)
    assert "the event loop is blocked, calls under way: block; it is at " in told.said[0]
    assert "threading.py" in told.said[0]


NOISY = '''
import atexit, ctypes, logging, os, subprocess, sys, threading
from toolyard import tool

def shout(where):
    print(f"print {where}", flush=True)
    print(f"dunder {where}", file=sys.__stdout__, flush=True)
    os.write(1, f"descriptor {where}\\n".encode())
    ctypes.CDLL(None).dprintf(1, f"c-library {where}\\n".encode())
    subprocess.run([sys.executable, "-c", f"print('child {where}')"], check=True)
    thread = threading.Thread(target=print, args=[f"thread {where}"], kwargs={"flush": True})
    thread.start()
    thread.join()

shout("at import")
atexit.register(print, "print at the end", flush=True)

@tool
def noisy() -> str:
    """Write to stdout in every way there is."""
    shout("in a tool")
    print("never flushed by the tool")
    return "done"

@tool
async def noisy_too() -> str:
    """The same, on the event loop."""
    shout("on the loop")
    return "done"
'''


async def test_r5_stdout_carries_nothing_but_json_rpc(tmp_path: Path) -> None:
    yard = write_yard(tmp_path, NOISY)
    async with talking(yard) as talk:
        await talk.open()
        for number, name in enumerate(("noisy", "noisy_too")):
            await talk.call(number, name)
            assert (await talk.line())["result"]["content"][0]["text"] == "done"
        assert await talk.end() == (0, b"")
    for where in ("at import", "in a tool", "on the loop"):
        for way in ("print", "dunder", "descriptor", "c-library", "child", "thread"):
            assert f"{way} {where}" in yard.log()
    assert "never flushed by the tool" in yard.log()
    assert "print at the end" in yard.log()


EFFECTS = (
    "files.read", "files.write", "shell", "database.read", "database.write", "network", "agents", "custom", "upstream"
)  # fmt: skip
ONE_OF_EACH = f"""
from toolyard import define_tool
def add(name, **options):
    globals()[name] = define_tool(
        name=name, description="", input_schema={{"type": "object"}}, handler=lambda a, c: "ran", **options
    )
for effect in {EFFECTS}:
    add(effect, effects=[effect])
add("bash", effects=["shell"])
add("files.both", effects=["files.read", "files.write"])
add("careful", approval="always")
"""
READING = {"files.read", "shell", "bash", "database.read", "agents", "custom", "careful"}
EVERYTHING = {*EFFECTS, "bash", "files.both", "careful"}
LISTED = {
    "readonly": READING,
    "developer": EVERYTHING - {"database.write", "network"},
    "developer-bash-only": {"bash"},
    "unrestricted": EVERYTHING,
}
ASKING = {
    "readonly": {"careful"},
    "developer": {"careful", "upstream"},
    "developer-bash-only": {"bash"},
    "unrestricted": {"careful"},
}


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Yard, Server]]:
    """One HTTP server, and a token for each built-in profile."""
    tokens = [{"id": name, "env": env_of(name), "profile": name} for name in BUILT_IN]
    config = {"python": ["my_tools"], "auth": {"tokens": tokens}, "http": {"max_body_bytes": 10_000}}
    yard = write_yard(tmp_path_factory.mktemp("everybody"), ONE_OF_EACH, json.dumps(config))
    with serving(yard, env={env_of(name): f"token-of-{name}" for name in BUILT_IN}) as server:
        yield yard, server


def env_of(profile: str) -> str:
    return f"TOKEN_OF_{profile.replace('-', '_').upper()}"


async def check_s1(client: Client, profile: str, records: Any) -> None:
    listed = {tool.name for tool in (await client.list_tools()).tools}
    assert listed == LISTED[profile]
    for name in sorted(EVERYTHING):
        if name in ASKING[profile]:
            answer = await client.call_tool(name, {})
            assert answer.is_error
            assert "approval is needed" in text_of(answer)
        elif name in listed:
            assert text_of(await client.call_tool(name, {})) == "ran"
        else:
            with pytest.raises(MCPError, match=f"Unknown tool: {name}") as refused:
                await client.call_tool(name, {})
            assert refused.value.code == INVALID_PARAMS
    last = {record["tool"]: record for record in records() if record["profile"] == profile}
    assert last.keys() == EVERYTHING
    for name, record in last.items():
        allowed = name in listed and name not in ASKING[profile]
        assert record["event"] == ("end" if allowed else "refusal")
        assert record["status"] == ("ok" if allowed else "denied")
        if name not in listed:
            assert record["rule"] != "registry"
            assert f"profile '{profile}'" in record["reason"]
    started = {record["tool"] for record in records() if record["profile"] == profile and record["event"] == "start"}
    assert started == listed - ASKING[profile]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("profile", BUILT_IN)
async def test_s1_what_is_listed_is_callable_and_what_is_not_is_not_over_http(
    everybody: tuple[Yard, Server], profile: str, era: str
) -> None:
    yard, server = everybody
    headers = {"Authorization": f"Bearer token-of-{profile}"}
    with anyio.fail_after(DEADLINE):
        async with (
            httpx2.AsyncClient(headers=headers) as web,
            Client(streamable_http_client(server.url, http_client=web), mode=era) as client,
        ):
            await check_s1(client, profile, yard.records)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("profile", BUILT_IN)
async def test_s1_what_is_listed_is_callable_and_what_is_not_is_not_over_stdio(
    tmp_path: Path, profile: str, era: str
) -> None:
    yard = write_yard(tmp_path, ONE_OF_EACH, f"profile: {profile}\npython: [my_tools]\n")
    with anyio.fail_after(DEADLINE):
        async with Client(yard.stdio(), mode=era) as client:
            await check_s1(client, profile, yard.records)


UNREADABLE: Mapping[str, str] = {
    "profile: none.yaml": "none.yaml: cannot be read",
    "profile: toolyard.yaml": "unknown key",
    "profile: {file_write: full, shel: off}": "profile.shel: unknown key",
    "profile: unrestrictde": "no profile is named 'unrestrictde'",
    "profile: [unrestricted]": "profile: Input should be",
    "profile: unrestricted\ntoolkits: {fils: {}}": "no toolkit is named 'fils'",
    "profile: readonly\nauth: {tokens: [{id: a, env: HOME, profile: unrestrictde}]}": "'unrestrictde'",
}


@pytest.mark.parametrize("config", UNREADABLE)
def test_s2_a_profile_or_tool_that_is_not_understood_means_no(tmp_path: Path, config: str) -> None:
    yard = write_yard(tmp_path, ONE_OF_EACH, f"{config}\npython: [my_tools]\n")
    done = yard.run("serve", yard.config, "--transport", "streamable-http", "--port", "0")
    assert done.code == 2
    assert UNREADABLE[config] in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("answer", [RuntimeError("no"), SystemExit(0), False, None, "yes", 1, ["True"]], ids=repr)
async def test_s2_an_approver_that_fails_or_mumbles_means_no(answer: Any, era: str) -> None:
    ran: list[str] = []
    act = define_tool(
        name="act", description="", input_schema={"type": "object"}, handler=lambda a, c: ran.append("act"),
        approval="always",
    )  # fmt: skip
    ledger = MemoryLedger()

    def mumble(ask: object) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def mumble_later(ask: object) -> Any:
        return mumble(ask)

    for approver in (mumble, mumble_later):
        runtime = mcp.create_mcp_runtime(tools=[act], approver=approver, ledger=ledger)
        with anyio.fail_after(DEADLINE):
            async with Client(mcp.create_server(runtime), mode=era) as client:
                assert (await client.call_tool("act", {})).is_error
    assert ran == []
    assert [record["status"] for record in ledger.records] == ["denied", "denied"]


def test_s3_nothing_gets_in_without_its_host_origin_token_and_size(everybody: tuple[Yard, Server]) -> None:
    yard, server = everybody
    before = yard.records()
    token = ("Authorization", "Bearer token-of-unrestricted")
    call = modern("tools/call", {"name": "custom"})
    for message, headers in ((call, modern_headers("tools/call", "custom")), (HELLO, ())):
        assert post(server.port, message, token, *headers, host="evil.test").status == 421
        assert post(server.port, message, token, ("Origin", "http://evil.test"), *headers).status == 403
        assert post(server.port, message, *headers).status == 401
        assert post(server.port, message, ("Authorization", "Bearer wrong"), *headers).status == 401
        announced = (("Host", "localhost"), token, *JSON, *headers, ("Content-Length", "10001"))
        assert exchange(server.port, "POST /mcp HTTP/1.1", announced).status == 413
        assert post(server.port, message, token, *headers).status == 200
    ran = [record["tool"] for record in yard.records()[len(before) :]]
    assert ran == ["custom", "custom"], "one call, the last, with its two records"
