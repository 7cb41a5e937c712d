"""Two servers of the same tools, one with the lane and one without, in this process, and what each answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.types import Message

from tests.server.lane_tools import runtime_of
from tests.server.raw_http import HELLO, JSON, Headers
from toolyard.mcp import ToolRuntime, asgi_app
from toolyard.mcp.http import McpApp
from toolyard.testing import MemoryLedger

PATIENCE = 20
"""Seconds after which a request is stuck."""
STREAMED = frozenset({"content-type", "content-length", "cache-control", "connection", "x-accel-buffering"})
"""Headers by which an answer in events differs from one in JSON."""
VOLATILE = frozenset({"time", "call_id", "duration_ms", "duration_seconds"})
REFERENCE = re.compile(r"ref_\w+")

RuntimeOf = Callable[[MemoryLedger], ToolRuntime]


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer as far as both sides must agree on it."""

    status: int
    headers: dict[str, str]
    messages: list[Any]
    records: list[Any] = field(default_factory=list[Any])


@dataclass(kw_only=True)
class Side:
    """One of the two servers; `session` is that of a client of the handshake era."""

    app: McpApp
    ledger: MemoryLedger
    session: str = ""

    async def open(self) -> None:
        self.session = (await self.raw(json.dumps(HELLO).encode()))[0]["mcp-session-id"]
        await self.raw(b'{"jsonrpc":"2.0","method":"notifications/initialized"}', (("Mcp-Session-Id", self.session),))

    async def said(self, body: bytes, *headers: tuple[str, str], method: str = "POST") -> Said:
        """The answer, with what the ledger says of it; `the session` in a header is this side's own."""
        before = len(self.ledger.records)
        named = [(name, self.session if value == "the session" else value) for name, value in headers]
        answered, answer = await self.raw(body, named, method)
        kept = {name: value for name, value in answered.items() if name not in STREAMED}
        if kept.get("mcp-session-id") == self.session:
            kept["mcp-session-id"] = "the session"
        elif "mcp-session-id" in kept:
            kept["mcp-session-id"] = "another"
        records = [settled(record) for record in self.ledger.records[before:]]
        messages = [settled(message) for message in _messages(answered, answer)]
        return Said(status=int(answered[":status"]), headers=kept, messages=messages, records=records)

    async def raw(
        self, body: bytes, headers: Headers = (), method: str = "POST", gone: asyncio.Event | None = None
    ) -> tuple[dict[str, str], bytes]:
        """The headers of the answer, with `:status` among them, and its body; a client that is `gone` may get none."""
        named = {name.lower() for name, _ in headers}
        usual = [(name, value) for name, value in JSON if name.lower() not in named]
        lines = [("Host", "localhost"), *usual, *headers]
        sent: list[Message] = []
        over, asked = gone or asyncio.Event(), [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if asked:
                return asked.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": "/", "raw_path": b"/", "root_path": "", "query_string": b"",
            "http_version": "1.1", "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines],
        }  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            await self.app(scope, receive, send)
        over.set()
        if not sent:
            return {}, b""
        start = sent[0]
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return {**found, ":status": str(start["status"])}, b"".join(part.get("body", b"") for part in sent[1:])


@dataclass(kw_only=True)
class Pair:
    """Both sides, on an event loop of their own."""

    runner: asyncio.Runner
    lane: Side
    sdk: Side

    def both(self, body: bytes, *headers: tuple[str, str], method: str = "POST") -> tuple[Said, Said]:
        """What the lane's side answers, and the other one."""
        return self.runner.run(self._both(body, headers, method))

    async def _both(self, body: bytes, headers: Headers, method: str) -> tuple[Said, Said]:
        return (
            await self.lane.said(body, *headers, method=method),
            await self.sdk.said(body, *headers, method=method),
        )


@contextmanager
def pair(make: RuntimeOf = runtime_of) -> Generator[Pair]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        sides = [_side(make, lane=True), _side(make, lane=False)]
        for side in sides:
            life = side.app.lifespan()
            runner.run(_entered(life, side))
            stack.callback(_leave, runner, life)
        yield Pair(runner=runner, lane=sides[0], sdk=sides[1])


async def _entered(life: AbstractAsyncContextManager[None], side: Side) -> None:
    await life.__aenter__()
    await side.open()


def _leave(runner: asyncio.Runner, life: AbstractAsyncContextManager[None]) -> None:
    async def left() -> None:
        await life.__aexit__(None, None, None)

    runner.run(left())


def _side(make: RuntimeOf, *, lane: bool) -> Side:
    ledger = MemoryLedger()
    return Side(app=asgi_app(make(ledger), lane=lane, instructions="Say é."), ledger=ledger)


def _messages(headers: dict[str, str], body: bytes) -> list[Any]:
    """Each message of JSON-RPC in the answer, whether it came as JSON or as an event; text as it is."""
    if headers.get("content-type", "").startswith("text/event-stream"):
        lines = body.decode().split("\r\n")
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    if headers.get("content-type", "").startswith("application/json") and body:
        return [json.loads(body)]
    return [body.decode()]


def settled(value: Any) -> Any:
    """Without what is different each time: times, chances, ids, and a state that is sealed."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {
            name: "sealed" if name == "requestState" else settled(member)
            for name, member in members
            if name not in VOLATILE
        }
    if isinstance(value, list | tuple):
        return [settled(item) for item in cast("list[Any]", value)]
    return REFERENCE.sub("ref_", value) if isinstance(value, str) else value
