"""Calls under way in the lane: what ends them, and what is heard of them meanwhile."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.server.raw_http import HELLO, JSON, Answer, Headers, modern, modern_headers, post, read_answer
from tests.server.yards import DEADLINE, ERAS, LEGACY, MODERN, Server, Yard, serving, until, write_yard

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio, threading
from toolyard import tool

may_go = asyncio.Event()

@tool
async def wait() -> str:
    """Wait until somebody calls `go`."""
    await may_go.wait()
    may_go.clear()
    return "went"

@tool
async def go() -> str:
    """Let `wait` go."""
    may_go.set()
    return "gone"

@tool
async def idle() -> str:
    """Wait for ever, politely."""
    await asyncio.Event().wait()
    return ""

@tool
def hang() -> str:
    """A thread that never returns."""
    threading.Event().wait()
    return ""

@tool
async def refuse_to_end() -> str:
    """A coroutine that swallows every cancellation."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
'''
HANGING = ("idle", "hang", "refuse_to_end")
CANCELLED = -32800


@dataclass(frozen=True, kw_only=True)
class Site:
    yard: Yard
    server: Server

    @property
    def port(self) -> int:
        return self.server.port


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yard = write_yard(tmp_path_factory.mktemp("lane"), TOOLS)
    with serving(yard) as server:
        assert post(server.port, modern("tools/list"), *modern_headers("tools/list")).status == 200  # it is warm now
        yield Site(yard=yard, server=server)


def opened(port: int, era: str) -> Headers:
    """The headers of a session that has shaken hands; none on 2026-07-28."""
    if era == MODERN:
        return ()
    session = (("Mcp-Session-Id", post(port, HELLO).headers["mcp-session-id"]),)
    assert post(port, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *session).status == 202
    return session


def call_of(name: str, session: Headers, **meta: Any) -> tuple[dict[str, Any], Headers]:
    """A call as a client of 2026-07-28 makes it, or one in a session."""
    message = modern("tools/call", {"name": name})
    message["params"]["_meta"] = meta if session else {**message["params"]["_meta"], **meta}
    return message, session or modern_headers("tools/call", name)


@contextmanager
def calling(port: int, name: str, session: Headers, **meta: Any) -> Generator[socket.socket]:
    """A call that was sent, and whose answer nobody has read."""
    message, headers = call_of(name, session, **meta)
    body = json.dumps(message).encode()
    lines = [f"{name}: {value}\r\n" for name, value in (("Host", "localhost"), *JSON, *headers)]
    head = f"POST /mcp HTTP/1.1\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        connection.sendall(head.encode() + body)
        yield connection


def called(port: int, name: str, session: Headers) -> Answer:
    message, headers = call_of(name, session)
    return post(port, message, *headers)


async def test_a_modern_client_that_disconnects_stops_its_call(site: Site) -> None:
    before = len(site.yard.started("idle"))
    with calling(site.port, "idle", ()):
        await until(lambda: len(site.yard.started("idle")) == before + 1)
    await until(lambda: site.yard.ends("idle")[before:] == ["cancelled"])
    assert "Traceback" not in site.server.log


async def test_a_lost_connection_says_nothing_about_a_call_in_a_session(site: Site) -> None:
    session, before = opened(site.port, LEGACY), len(site.yard.started("wait"))
    with calling(site.port, "wait", session):
        await until(lambda: len(site.yard.started("wait")) == before + 1)
    assert called(site.port, "go", session).status == 200
    await until(lambda: site.yard.ends("wait")[before:] == ["ok"])


async def test_a_call_that_is_cancelled_in_its_session_is_stopped_and_answered(site: Site) -> None:
    session, before = opened(site.port, LEGACY), len(site.yard.started("idle"))
    with calling(site.port, "idle", session) as connection:
        await until(lambda: len(site.yard.started("idle")) == before + 1)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        assert post(site.port, cancel, *opened(site.port, LEGACY)).status == 202  # another session's 1
        assert post(site.port, cancel, *session).status == 202
        answer = read_answer(connection)
    assert answer.message["error"]["code"] == CANCELLED
    assert site.yard.ends("idle")[before:] == ["cancelled"]


async def test_calls_that_share_an_id_are_cancelled_together(site: Site) -> None:
    session, before = opened(site.port, LEGACY), len(site.yard.started("idle"))
    with calling(site.port, "idle", session) as one, calling(site.port, "idle", session) as other:
        await until(lambda: len(site.yard.started("idle")) == before + 2)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        assert post(site.port, cancel, *session).status == 202
        assert [read_answer(each).message["error"]["code"] for each in (one, other)] == [CANCELLED] * 2
    assert site.yard.ends("idle")[before:] == ["cancelled"] * 2


async def test_a_session_that_ends_ends_its_calls(site: Site) -> None:
    session, before = opened(site.port, LEGACY), len(site.yard.started("idle"))
    with calling(site.port, "idle", session) as connection:
        await until(lambda: len(site.yard.started("idle")) == before + 1)
        head = "".join(f"{name}: {value}\r\n" for name, value in (("Host", "localhost"), *session))
        with socket.create_connection(("127.0.0.1", site.port), timeout=DEADLINE) as other:
            other.sendall(f"DELETE /mcp HTTP/1.1\r\n{head}\r\n".encode())
            assert read_answer(other).status == 200
        assert read_answer(connection).message["error"]["code"] == CANCELLED
    assert site.yard.ends("idle")[before:] == ["cancelled"]
    assert called(site.port, "go", session).status == 404


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_wants_progress_hears_that_a_long_call_goes_on(site: Site, era: str) -> None:
    session = opened(site.port, era)
    with calling(site.port, "wait", session, progressToken="p") as connection:
        seen = b""
        while b"still running" not in seen:
            received = connection.recv(4096)
            assert received, seen
            seen += received
        assert b'"progressToken":"p"' in seen
        assert called(site.port, "go", session).status == 200
        while b"went" not in seen:
            received = connection.recv(4096)
            assert received, seen
            seen += received
    assert b"content-type: text/event-stream" in seen.lower()


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_is_terminated_ends_whatever_its_tools_do(tmp_path: Path, era: str) -> None:
    yard = write_yard(tmp_path, TOOLS)
    with serving(yard) as server, ExitStack() as calls:
        session = opened(server.port, era)
        assert called(server.port, "go", session).status == 200
        connections = [calls.enter_context(calling(server.port, tool, opened(server.port, era))) for tool in HANGING]
        await until(lambda: all(yard.started(tool) for tool in HANGING))
        assert server.stop() == 128 + signal.SIGTERM
        assert [read_answer(connection).status for connection in connections] == [503] * len(HANGING)
    assert [yard.ends(tool) for tool in HANGING] == [["cancelled"]] * len(HANGING)
    assert "Traceback" not in server.log
