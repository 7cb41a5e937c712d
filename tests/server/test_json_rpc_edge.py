"""Whatever arrives at the JSON-RPC edge is answered or cleanly refused, and the next good call is answered too."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.server.json_rpc_corpus import HANDSHAKE, META, headers, raw, written
from tests.server.yards import MODERN, TOOLYARD, Yard, serving, write_yard

PATIENCE = 10
"""Seconds without an answer after which the server hangs."""
EXAMPLES = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
INSIDE = re.compile(rb"Traceback|File \"|/site-packages/|\.py\b|at 0x[0-9a-f]{6}")
"""What an answer never says: it is the server's own business."""

TOOLS = '''
from toolyard import tool

@tool
async def echo(value: object = None) -> str:
    """Answer."""
    return "here"

@tool(approval="always")
async def act(text: str) -> str:
    """Needs a yes."""
    raise SystemExit("nobody said yes")
'''


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    root = tmp_path_factory.mktemp("edge")
    config = "profile: {profile: p, approval: {deadline: 1s}, limits: {timeout: 5s}}\npython: [my_tools]\n"
    return write_yard(root, TOOLS, config)


@dataclass(kw_only=True)
class Pipe:
    """A server over stdio."""

    process: subprocess.Popen[bytes]
    rest: bytes = b""

    def send(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def answers(self, until: str) -> list[dict[str, Any]]:
        """Every message up to the answer with the id `until`."""
        found: list[dict[str, Any]] = []
        while not (found and found[-1].get("id") == until):
            line = self._line()
            assert not INSIDE.search(line), line
            found.append(json.loads(line))
            assert found[-1]["jsonrpc"] == "2.0"
        return found

    def _line(self) -> bytes:
        assert self.process.stdout
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready, "the server hangs"
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            assert more, "the server is gone"
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line


@pytest.fixture(scope="module", params=[HANDSHAKE, MODERN])
def pipe(request: pytest.FixtureRequest, yard: Yard) -> Iterator[tuple[Pipe, str]]:
    command = [*TOOLYARD, "serve", yard.config]
    with (yard.root / "stderr.log").open("wb") as log, subprocess.Popen(
        command, cwd=yard.root, env=yard.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
    ) as process:  # fmt: skip
        found = Pipe(process=process)
        if request.param == HANDSHAKE:
            about = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            found.send(written({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": about}))
            found.answers("hello")
            found.send(written({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        yield found, request.param
        assert process.stdin
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def _good(number: str, era: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"_meta": META} if era == MODERN else {}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "echo", "arguments": {}, **meta}}


def _is_owed_an_answer(line: bytes) -> bool:
    """Whether this is a request that any reading of JSON-RPC would answer under its id."""
    try:
        read: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    message = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    wanted = message.get("id")
    named = isinstance(wanted, int) and not isinstance(wanted, bool) and abs(wanted) < 2**53
    return named and message.get("jsonrpc") == "2.0" and isinstance(message.get("method"), str)


number = iter(range(10**9))


@EXAMPLES
@given(line=raw.filter(lambda line: b"\n" not in line and b"\r" not in line))
@example(line=b"")
@example(line=b"[]")
@example(line=b"x" * (4 * 1024 * 1024 + 10))
@example(line=written({"jsonrpc": "2.0", "id": 1, "method": "x" * 100_000}))
def test_a_line_on_stdio_is_answered_and_so_is_the_next(pipe: tuple[Pipe, str], line: bytes) -> None:
    server, era = pipe
    sentinel = f"good-{next(number)}"
    server.send(line)
    server.send(written(_good(sentinel, era)))
    answers = server.answers(sentinel)
    assert answers[-1]["result"]["content"] == [{"type": "text", "text": "here"}]
    if _is_owed_an_answer(line):
        wanted = json.loads(line)["id"]
        here = [one for one in answers if "method" not in one and one["id"] in (wanted, None)]
        assert here or _comes_later(server, wanted)


def _comes_later(server: Pipe, wanted: int) -> bool:
    """An answer that the sentinel's overtook."""
    return bool(server.answers(cast("Any", wanted)))


@dataclass(frozen=True, kw_only=True)
class Web:
    """A server over HTTP, and a handshake-era session with it."""

    port: int
    session: str

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/mcp", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def web(yard: Yard) -> Iterator[Web]:
    with serving(yard) as server:
        about = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        hello = written({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("POST", "/mcp", hello, ACCEPT)
        response = connection.getresponse()
        session = response.headers["mcp-session-id"]
        response.read()
        connection.close()
        yield Web(port=server.port, session=session)


@EXAMPLES
@given(body=raw, more=headers)
@example(body=b"", more={})
@example(body=written({"jsonrpc": "2.0", "id": 1, "method": "ping"}), more={"Mcp-Session-Id": "the session"})
@example(body=b" " * (4 * 1024 * 1024), more={"Mcp-Protocol-Version": MODERN})
def test_a_body_over_http_is_answered_and_so_is_the_next(web: Web, body: bytes, more: dict[str, str]) -> None:
    named = {**more, "Mcp-Session-Id": web.session} if more.get("Mcp-Session-Id") == "the session" else more
    status, answer = web.post(body, {**ACCEPT, **named})
    assert status in range(200, 500) or (status == 500 and _is_json_rpc_error(answer)), (status, answer)
    assert not INSIDE.search(answer), answer
    for era, good in _good_headers(web).items():
        sentinel = f"good-{next(number)}"
        status, answer = web.post(written(_good(sentinel, era)), {**ACCEPT, **good})
        assert (status, b'"here"' in answer, sentinel.encode() in answer) == (200, True, True)


def _is_json_rpc_error(answer: bytes) -> bool:
    return "error" in json.loads(answer)


def _good_headers(web: Web) -> dict[str, dict[str, str]]:
    modern = {"Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "echo"}
    return {HANDSHAKE: {"Mcp-Session-Id": web.session, "Mcp-Protocol-Version": HANDSHAKE}, MODERN: modern}
