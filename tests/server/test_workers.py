"""Several processes serve one address, and share nothing but the state folder."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.server.raw_http import HELLO, JSON, exchange, modern, modern_headers, post, post_modern
from tests.server.worker_processes import TWO, gone, stopped, workers_of
from tests.server.yards import DEADLINE, MODERN, Server, Yard, serving, text_of, until, write_yard
from toolyard.cli.workers import Supervisor

pytestmark = pytest.mark.anyio

TOOLS = '''
import os
from toolyard import tool

@tool
def who() -> str:
    """Which process answers."""
    return str(os.getpid())

@tool(approval="always")
def act() -> str:
    """Needs a yes."""
    return str(os.getpid())

@tool
def talk() -> str:
    """Say too much."""
    return "x" * 100_000
'''
CONFIG = "python: [my_tools]\nprofile: {approval: {on_ask: [elicit, deny]}}\n"
YES = {"approval": {"action": "accept", "content": {"approve": True}}}


def called(server: Server, tool: str, **more: Any) -> Any:
    """One round of a call by a client whose user can be asked."""
    message = modern("tools/call", {"name": tool, "arguments": {}, **more})
    message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {}}
    return post(server.port, message, *modern_headers("tools/call", tool)).message["result"]


def who(server: Server) -> int:
    return int(called(server, "who")["content"][0]["text"])


def said(server: Server, text: str) -> bool:
    return text in server.log


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS, CONFIG)


def test_every_worker_answers(yard: Yard) -> None:
    with serving(yard, *TWO) as server:
        assert "serves 3 tools (profile 'custom') with 2 workers at http://127.0.0.1:" in server.log
        one, other = workers_of(server)
        for silent, speaks in ((one, other), (other, one)):
            with stopped(silent):
                assert who(server) == speaks
    assert len(yard.started("who")) == 2
    assert yard.run("ledger", "verify").code == 0


def test_an_ask_is_answered_in_another_process_and_once(yard: Yard) -> None:
    with serving(yard, *TWO) as server:
        first, second = workers_of(server)
        with stopped(second):
            asked = called(server, "act")
        assert asked["resultType"] == "input_required"
        answer = {"requestState": asked["requestState"], "inputResponses": YES}
        with stopped(first):
            assert called(server, "act", **answer)["content"][0]["text"] == str(second)
        with stopped(second):
            again = called(server, "act", **answer)
        assert again["isError"]
        assert "used before" in again["content"][0]["text"]
    assert len(yard.started("act")) == 1
    key = Path(yard.env["XDG_STATE_HOME"]) / "toolyard/request-state.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_result_that_was_too_long_is_read_in_another_process(yard: Yard) -> None:
    with serving(yard, *TWO) as server:
        first, second = workers_of(server)
        with stopped(second):
            text = called(server, "talk")["content"][0]["text"]
        uri = f"toolyard://references/{text.partition('toolyard://references/')[2].split()[0]}"
        with stopped(first):
            read = post_modern(server.port, "resources/read", {"uri": uri}).message["result"]
    assert json.loads(read["contents"][0]["text"])["length"] == 100_000


def test_a_client_that_shakes_hands_is_told_what_to_do(yard: Yard) -> None:
    with serving(yard, *TWO) as server:
        answer = post(server.port, HELLO)
        assert (answer.status, answer.message["id"]) == (400, 1)
        error = answer.message["error"]
        assert (error["code"], error["data"]) == (-32022, {"supported": [MODERN], "requested": "2025-11-25"})
        assert "with one worker" in error["message"]
        for version in ((), (("MCP-Protocol-Version", "2025-06-18"),)):
            listened = exchange(server.port, "GET /mcp HTTP/1.1", (("Host", "localhost"), *JSON, *version))
            assert (listened.status, listened.message["error"]["code"]) == (400, -32022)
        assert post(server.port, b"[" * 100_000).status == 400
        for half in ({"id": "\ud800"}, {"params": {"protocolVersion": "\ud800"}}):  # of a surrogate pair
            refused = post(server.port, {**HELLO, **half})
            assert (refused.status, refused.message["error"]["code"]) == (400, -32022)
        assert post(server.port, HELLO, host="evil.test").status == 421


async def test_a_worker_that_is_killed_is_replaced(yard: Yard) -> None:
    with anyio.fail_after(DEADLINE), serving(yard, *TWO) as server:
        killed, left = workers_of(server)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: server.log.count(f"worker {killed} ended (signal 9) and is replaced") == 1)
        await until(lambda: len(workers_of(server)) == 2)
        with stopped(left):
            assert who(server) not in (killed, left)
        async with Client(server.url, mode=MODERN) as client:
            assert int(text_of(await client.call_tool("who", {}))) in workers_of(server)


async def test_a_worker_that_ended_by_itself_keeps_no_other_from_being_ended() -> None:
    """As when a whole group of processes is told to end at once."""
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    command = [sys.executable, "-c", "print('serves', flush=True); input()"]
    asked = asyncio.Event()
    with socket.socket() as door, anyio.fail_after(DEADLINE):
        supervisor = Supervisor(command=command, door=door, count=2, drain=0, workers={ended})

        def on_ready(summary: str) -> None:
            os.kill(os.getpid(), signal.SIGHUP)
            asked.set()

        await supervisor.run(asked, on_ready)
    assert supervisor.workers == set()


async def test_while_a_worker_cannot_be_replaced_the_others_go_on_and_without_any_the_server_ends(yard: Yard) -> None:
    with anyio.fail_after(2 * DEADLINE), serving(yard, *TWO) as server:
        before = workers_of(server)
        yard.write("toolyard.yaml", "python: [no_such_module]\n")
        os.kill(before[0], signal.SIGKILL)
        await until(lambda: server.log.count("ended before it served (exit code 2): the others go on") == 2)
        assert "and it is tried again in 0.2s" in server.log
        assert "and it is tried again in 0.4s" in server.log
        assert who(server) == before[1]
        yard.write("toolyard.yaml", CONFIG)
        await until(lambda: len(workers_of(server)) == 2)
        with stopped(before[1]):
            assert who(server) not in before
        yard.write("toolyard.yaml", "python: [no_such_module]\n")
        for worker in workers_of(server):
            os.kill(worker, signal.SIGKILL)
        assert await anyio.to_thread.run_sync(server.process.wait, DEADLINE) == 2
        assert all(map(gone, before))
    assert "no_such_module" in server.log
    assert "toolyard: a worker ended before it served (exit code 2)" in server.log


async def test_a_worker_that_dies_again_and_again_is_replaced_more_and_more_slowly(yard: Yard) -> None:
    with anyio.fail_after(2 * DEADLINE), serving(yard, *TWO) as server:
        kept, dying = workers_of(server)
        for pause in ("0.1", "0.2", "0.4"):
            os.kill(dying, signal.SIGKILL)
            told = f"worker {dying} ended (signal 9) and is replaced in {pause}s"
            await until(partial(said, server, told))
            await until(lambda: len(workers_of(server)) == 2)
            (dying,) = set(workers_of(server)) - {kept}
            with stopped(kept):
                assert who(server) == dying


async def test_workers_end_with_the_process_that_keeps_them(yard: Yard) -> None:
    with anyio.fail_after(DEADLINE), serving(yard, *TWO) as server:
        workers = workers_of(server)
        server.process.kill()
        await until(lambda: all(map(gone, workers)))


async def test_a_hangup_reloads_every_worker(yard: Yard) -> None:
    with anyio.fail_after(DEADLINE), serving(yard, *TWO) as server:
        yard.write("toolyard.yaml", CONFIG.replace("python: [my_tools]", "toolkits: {files: {root: .}}"))
        server.process.send_signal(signal.SIGHUP)
        await until(lambda: server.log.count("the config was reloaded") == 2)
        one, other = workers_of(server)
        for silent in (one, other):
            with stopped(silent):
                tools = post_modern(server.port, "tools/list").message["result"]["tools"]
                assert "who" not in {tool["name"] for tool in tools}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("python: [no_such_module]\n", "no module is named 'no_such_module'"),
        (CONFIG + "http: {host: 0.0.0.0}\n", "0.0.0.0 can be reached from other machines"),
    ],
)
def test_a_start_that_fails_says_once_why(yard: Yard, config: str, said: str) -> None:
    yard.write("toolyard.yaml", config)
    done = yard.run("serve", yard.config, "--transport", "streamable-http", "--port", "0", *TWO)
    assert (done.code, done.err.count(said)) == (2, 1)
    assert "Traceback" not in done.err


def test_agents_are_served_by_one_process(yard: Yard) -> None:
    yard.write("toolyard.yaml", "agents: [{name: greeter, model: scripted}]\nhttp: {workers: 2}\n")
    done = yard.run("serve", yard.config, "--transport", "streamable-http", "--port", "0")
    assert done.code == 2
    assert "agents: a run that waits for its caller is kept by the process it began in" in done.err


def test_stdio_has_one_process(yard: Yard) -> None:
    done = yard.run("serve", yard.config, *TWO)
    assert done.code == 2
    assert "--workers and --metrics need --transport streamable-http" in done.err
