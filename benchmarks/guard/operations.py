"""What is guarded: calls through the gate, through the HTTP endpoint without a socket, and over pipes; in process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.wire.gate import ruled
from benchmarks.wire.messages import FIRST, INITIALIZE, INITIALIZED, LEGACY, MODERN, Exchange
from benchmarks.wire.processes import BenchmarkError
from benchmarks.wire.servers.catalogue import NAME, echo, names
from toolyard import ToolCall, tool
from toolyard.mcp import ToolRuntime, asgi_app, create_mcp_runtime, serve_stdio
from toolyard.standard_streams import Streams
from toolyard_kernel.ledger.files import FileLedger

TOOLS = 100
RULES = 100

Operation = Callable[[], Awaitable[None]]
Message = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Client:
    """Asks the endpoint as an HTTP server would; `headers` are the last answer's."""

    app: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    async def post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = {
            "host": "127.0.0.1:8321",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "content-length": str(len(body)),
            **headers,
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/mcp",
            "raw_path": b"/mcp",
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8321),
            "state": {},
        }
        request = _Request(body)
        await self.app(scope, request.receive, request.send)
        self.headers = request.headers
        return b"".join(request.answer)


class _Request:
    def __init__(self, body: bytes) -> None:
        self._events: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self.answer: list[bytes] = []
        self.headers: dict[str, str] = {}

    async def receive(self) -> Message:
        if self._events:
            return self._events.pop()
        await asyncio.Event().wait()  # the client stays
        raise BenchmarkError("the client left")

    async def send(self, event: Message) -> None:
        if event["type"] == "http.response.start":
            self.headers = {name.decode().lower(): value.decode() for name, value in event["headers"]}
        else:
            self.answer.append(event.get("body", b""))


@asynccontextmanager
async def opened_operations(folder: Path) -> AsyncGenerator[dict[str, Operation]]:
    """Each by its name; all go through one runtime with its ledger in `folder`."""
    runtime = _runtime(folder)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(runtime.lifespan())
        app = asgi_app(runtime)
        await stack.enter_async_context(app.lifespan())
        client = Client(app=app)
        await client.post(INITIALIZE, {})
        legacy = {"mcp-protocol-version": LEGACY, "mcp-session-id": client.headers["mcp-session-id"]}
        await client.post(INITIALIZED, legacy)
        call = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": NAME}
        listing = {"mcp-protocol-version": MODERN, "mcp-method": "tools/list"}
        pipes = await stack.enter_async_context(_served_on_pipes(runtime))
        yield {
            "gate": _gate_call(runtime),
            "stdio call, 2026-07-28": _say(pipes, Exchange(method="tools/call", era="modern", tools=TOOLS)),
            "HTTP call, 2026-07-28": _ask(client, Exchange(method="tools/call", era="modern", tools=TOOLS), call),
            "HTTP call, in a session": _ask(client, Exchange(method="tools/call", era="legacy", tools=TOOLS), legacy),
            "HTTP list, 2026-07-28": _ask(client, Exchange(method="tools/list", era="modern", tools=TOOLS), listing),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """A client's ends of the pipes to a server."""

    mouth: int
    ear: int

    async def ask(self, line: bytes) -> bytes:
        os.write(self.mouth, line + b"\n")
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.ear, heard.set)
        await heard.wait()
        loop.remove_reader(self.ear)
        return os.read(self.ear, 1 << 16)


@asynccontextmanager
async def _served_on_pipes(runtime: ToolRuntime) -> AsyncGenerator[Pipes]:
    (stdin, mouth), (ear, stdout) = os.pipe(), os.pipe()
    with os.fdopen(stdin, "rb", 0) as source, os.fdopen(stdout, "wb", 0) as sink, os.fdopen(ear, "rb", 0):
        serving = asyncio.create_task(serve_stdio(runtime, streams=Streams(stdin=source, stdout=sink)))
        try:
            yield Pipes(mouth=mouth, ear=ear)
        finally:
            os.close(mouth)
            await serving


def _runtime(folder: Path) -> ToolRuntime:
    tools = [tool(name=name)(echo()) for name in names(TOOLS)]
    return create_mcp_runtime(tools=tools, profile=ruled(RULES), ledger=FileLedger(folder))


def _gate_call(runtime: ToolRuntime) -> Operation:
    gate, caller = runtime.gate("mcp"), runtime.caller("guard")

    async def operation() -> None:
        outcome = await gate.call(ToolCall(tool=NAME, arguments={"text": "hello"}), caller)
        if not outcome.ok:
            raise BenchmarkError(f"the call ended as {outcome.status}: {outcome.text}")

    return operation


def _say(pipes: Pipes, exchange: Exchange) -> Operation:
    numbers = count(FIRST)

    async def operation() -> None:
        number = next(numbers)
        answer = await pipes.ask(exchange.request(number))
        if not exchange.holds(number, answer):
            raise BenchmarkError(f"{exchange.method} was answered with {answer[:200]!r}")

    return operation


def _ask(client: Client, exchange: Exchange, headers: Mapping[str, str]) -> Operation:
    numbers = count(FIRST)

    async def operation() -> None:
        number = next(numbers)
        answer = await client.post(exchange.request(number), headers)
        if not exchange.holds(number, answer):
            raise BenchmarkError(f"{exchange.method} was answered with {answer[:200]!r}")

    return operation
