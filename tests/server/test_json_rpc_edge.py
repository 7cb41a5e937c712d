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
from hypothesis import strategies as st

from tests.server.yards import MODERN, TOOLYARD, Yard, serving, write_yard

PATIENCE = 10
"""Seconds without an answer after which the server hangs."""
EXAMPLES = settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
HANDSHAKE = "2025-11-25"
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

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ELICITS: dict[str, Any] = {**META, "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8),
    st.sampled_from(["", "\ud800", "\udfff\ud800", "\x00", "\u2028", "x" * 5000, "echo", "act", "../../etc/passwd"]),
    st.just(10**400),
)  # fmt: skip
_values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@st.composite
def _value(draw: st.DrawFn) -> Any:
    """One of `_values`, whose own description would be megabytes."""
    return draw(_values)


values = _value()
ids: st.SearchStrategy[Any] = st.one_of(st.integers(0, 3), scalars, values)
methods: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([
        "initialize", "ping", "tools/list", "tools/call", "server/discover", "notifications/cancelled",
        "resources/read",
        "notifications/initialized", "notifications/progress", "logging/setLevel", "prompts/get", "completion/complete",
        "subscriptions/listen_", "resources/subscribe", "roots/list", "elicitation/create", "tools/", "TOOLS/CALL",
    ]),
    values,
)  # fmt: skip
metas: st.SearchStrategy[Any] = st.one_of(st.just(META), st.just(ELICITS), values)
params: st.SearchStrategy[Any] = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(st.just("echo"), st.just("act"), values),
            "arguments": st.one_of(
                st.fixed_dictionaries({"text": values}), st.fixed_dictionaries({"value": values}), values
            ),
            "_meta": metas,
            "cursor": values,
            "requestState": values,
            "inputResponses": values,
            "uri": values,
            "requestId": values,
            "progressToken": values,
            "protocolVersion": st.sampled_from([HANDSHAKE, MODERN, "1", "9999-01-01"]) | values,
            "capabilities": values,
            "clientInfo": values,
        },
    ),
)
envelopes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values, "id": ids, "method": methods, "params": params, "result": values,
        "error": values, "more": values,
    },
)  # fmt: skip
_requests: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": ids, "method": methods, "params": params}
)


@st.composite
def _request(draw: st.DrawFn) -> dict[str, Any]:
    return draw(_requests)


requests = _request()


def _written(message: Any) -> bytes:
    return json.dumps(message).encode()


def _bare(message: Any) -> bytes:
    """With what JSON lets stand unescaped, lone surrogates too."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _wide(message: Any) -> bytes:
    return json.dumps(message).encode("utf-16")


def _marked(message: Any) -> bytes:
    return b"\xef\xbb\xbf" + _written(message)


def _with_long_numbers(message: Any) -> bytes:
    return _written(message).replace(b"null", b"1" * 5000)


def _with_junk(message: Any, junk: bytes) -> bytes:
    return _written(message) + junk


def _twice(message: dict[str, Any]) -> bytes:
    """The message with each of its keys written twice, with different values."""
    fields = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in message.items()]
    return ("{" + ",".join([*fields, *(f"{json.dumps(name)}:null" for name in message), *fields]) + "}").encode()


def _deep(depth: int, kind: str) -> bytes:
    nested = "[" * depth + "]" * depth if kind == "list" else '{"a":' * depth + "1" + "}" * depth
    return (
        b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"value":'
        + nested.encode() + b'},"_meta":' + _written(META) + b"}}"
    )  # fmt: skip


def _cut(message: Any, at: float) -> bytes:
    whole = _written(message)
    return whole[: int(len(whole) * at)]


depths = st.sampled_from([10, 100, 127, 128, 129, 200, 500, 900, 1000, 5000, 100_000])
raw: st.SearchStrategy[Any] = st.one_of(
    st.builds(_written, requests),
    st.builds(_written, envelopes),
    st.builds(_written, st.lists(requests | values, max_size=3)),
    st.builds(_twice, requests),
    st.builds(_cut, requests, st.floats(0, 1)),
    st.builds(_deep, depths, st.sampled_from(["list", "map"])),
    st.binary(max_size=40),
    st.builds(_bare, requests),
    st.builds(_with_long_numbers, requests),
    st.builds(_with_junk, requests, st.binary(max_size=5)),
    st.builds(_wide, requests),
    st.builds(_marked, requests),
)  # fmt: skip


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
            found.send(_written({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": about}))
            found.answers("hello")
            found.send(_written({"jsonrpc": "2.0", "method": "notifications/initialized"}))
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
@example(line=_written({"jsonrpc": "2.0", "id": 1, "method": "x" * 100_000}))
def test_a_line_on_stdio_is_answered_and_so_is_the_next(pipe: tuple[Pipe, str], line: bytes) -> None:
    server, era = pipe
    sentinel = f"good-{next(number)}"
    server.send(line)
    server.send(_written(_good(sentinel, era)))
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
        hello = _written({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        connection.request("POST", "/mcp", hello, ACCEPT)
        response = connection.getresponse()
        session = response.headers["mcp-session-id"]
        response.read()
        connection.close()
        yield Web(port=server.port, session=session)


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Mcp-Protocol-Version": st.sampled_from([HANDSHAKE, MODERN, "2025-03-26", "9999-01-01"]) | printable,
        "Mcp-Session-Id": st.just("the session") | printable,
        "Mcp-Method": st.just("tools/call") | printable,
        "Mcp-Name": st.sampled_from(["echo", "act", "=?base64?ZWNobw==?=", "=?base64?!?="]) | printable,
        "Mcp-Param-Value": printable,
        "Last-Event-Id": printable,
    },
)


@EXAMPLES
@given(body=raw, more=headers)
@example(body=b"", more={})
@example(body=_written({"jsonrpc": "2.0", "id": 1, "method": "ping"}), more={"Mcp-Session-Id": "the session"})
@example(body=b" " * (4 * 1024 * 1024), more={"Mcp-Protocol-Version": MODERN})
def test_a_body_over_http_is_answered_and_so_is_the_next(web: Web, body: bytes, more: dict[str, str]) -> None:
    named = {**more, "Mcp-Session-Id": web.session} if more.get("Mcp-Session-Id") == "the session" else more
    status, answer = web.post(body, {**ACCEPT, **named})
    assert status in range(200, 500) or (status == 500 and _is_json_rpc_error(answer)), (status, answer)
    assert not INSIDE.search(answer), answer
    for era, good in _good_headers(web).items():
        sentinel = f"good-{next(number)}"
        status, answer = web.post(_written(_good(sentinel, era)), {**ACCEPT, **good})
        assert (status, b'"here"' in answer, sentinel.encode() in answer) == (200, True, True)


def _is_json_rpc_error(answer: bytes) -> bool:
    return "error" in json.loads(answer)


def _good_headers(web: Web) -> dict[str, dict[str, str]]:
    modern = {"Mcp-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "echo"}
    return {HANDSHAKE: {"Mcp-Session-Id": web.session, "Mcp-Protocol-Version": HANDSHAKE}, MODERN: modern}
