"""Serving over streamable HTTP, inside somebody else's application or as a server of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from toolyard.mcp.callers import Counter
from toolyard.mcp.guard import LOOPBACK_HOSTS, Guard
from toolyard.mcp.lane.answers import Answers
from toolyard.mcp.lane.http import HttpLane
from toolyard.mcp.lane.identity import Identity
from toolyard.mcp.lane.pristine import Pristine
from toolyard.mcp.lane.sessions import HandshakeSessions
from toolyard.mcp.listening import checked_bind, listening, url_of
from toolyard.mcp.server import Extend, server_of
from toolyard.mcp.sessions import Sessions
from toolyard.mcp.tokens import Tokens, holders_now
from toolyard.mcp.under_way import UnderWay
from toolyard.runtime import ServedRuntime
from toolyard.watchdog import watched

MAX_BODY = 4 * 1024 * 1024
GOODBYE = 1
"""Seconds that requests under way have to end by themselves when the server stops; then they are ended."""
HARD_END = 3
"""Seconds until connections are closed although they are still in use."""


class McpApp:
    """One MCP endpoint as an ASGI application; it answers at whatever path it is mounted."""

    def __init__(self, guard: Guard, sessions: Sessions, end_requests: Callable[[], None]) -> None:
        """`end_requests` stops the calls under way, and completes their answers as well as they can be."""
        self._guard = guard
        self._sessions = sessions
        self.end_requests = end_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # it is the whole application, not mounted into one
            await Router(lifespan=self.lifespan).lifespan(scope, receive, send)
        else:
            await self._guard(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, app: Any = None) -> AsyncGenerator[None]:
        """For the host application: `FastAPI(lifespan=mcp_app.lifespan)` ends the sessions when it stops."""
        await self._sessions.manager()
        try:
            yield
        finally:
            await self._sessions.close()


def asgi_app(
    runtime: ServedRuntime,
    agent: str = "mcp",
    *,
    name: str = "toolyard",
    instructions: str | None = None,
    tokens: Tokens | None = None,
    allowed_hosts: Sequence[str] = LOOPBACK_HOSTS,
    max_body_bytes: int = MAX_BODY,
    extend: Extend | None = None,
    lane: bool = True,
) -> McpApp:
    """An MCP endpoint to mount into any Starlette or FastAPI application.

    A request whose Host, or a browser's Origin, is not among `allowed_hosts` (names without a port) is refused. With
    `tokens` (token → its caller, or what tells them anew for each request) every request must show one of them as its
    bearer token. `extend` is called with the SDK's server before it serves. Without `lane` it answers every request.

    Raises:
        UnknownName: no such agent.
    """
    counter = Counter(runtime=runtime, agent=agent, caller="python")
    server, known = server_of(counter, name, instructions), HandshakeSessions()
    server.middleware.append(known)
    pristine = Pristine(server)
    if extend:
        extend(server)
    sessions = Sessions(server, max_body_bytes)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        manager = await sessions.manager()
        await manager.handle_request(scope, receive, send)

    def serves(method: str) -> bool:
        extended = extend is not None and method == "server/discover"
        return lane and sessions.running and not extended and pristine.answers(method)

    under_way = UnderWay(endpoint)
    answers = Answers(counter, Identity(server=server.server_info_stamp, instructions=instructions))
    front = HttpLane(counter, answers, known, under_way, serves=serves, max_body=max_body_bytes)

    def end_requests() -> None:
        under_way.end()
        front.end()

    guard = Guard(
        app=front,
        hosts=frozenset(host.lower() for host in allowed_hosts),
        anonymous=lambda: runtime.caller("http"),
        holders=holders_now(tokens or {}),
        max_body=max_body_bytes,
    )
    return McpApp(guard, sessions, end_requests)


async def serve_http(  # noqa: PLR0913 - keywords with defaults, one for each thing a config can say
    runtime: ServedRuntime,
    agent: str = "mcp",
    *,
    host: str = "127.0.0.1",
    port: int = 8321,
    path: str = "/mcp",
    name: str = "toolyard",
    instructions: str | None = None,
    tokens: Tokens | None = None,
    allowed_hosts: Sequence[str] = (),
    max_body_bytes: int = MAX_BODY,
    extend: Extend | None = None,
    lane: bool = True,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until cancelled; then calls under way are stopped and connections closed within a few seconds.

    `on_ready` is told the URL once the port is open. Port 0 takes a free one. `extend` is called
    with the SDK's server before it serves. Without `lane` it answers every request.

    Raises:
        UnknownName: no such agent.
        StartError: the address is not to be had, or is public without `tokens` and `allowed_hosts`.
    """
    authenticated = bool(tokens() if callable(tokens) else tokens)
    local = checked_bind(host, authenticated=authenticated, named=bool(allowed_hosts))
    endpoint = asgi_app(
        runtime,
        agent,
        name=name,
        instructions=instructions,
        tokens=tokens,
        allowed_hosts=(*(LOOPBACK_HOSTS if local else ()), *allowed_hosts),
        max_body_bytes=max_body_bytes,
        extend=extend,
        lane=lane,
    )
    site = _at(path, endpoint)
    settings = uvicorn.Config(
        site,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=HARD_END,
    )
    with listening(host, port) as door, watched(runtime.gate(agent).running):
        on_ready(url_of(door, host, path))
        await _serve_until_cancelled(_Server(settings), door, endpoint)


def _at(path: str, endpoint: McpApp) -> ASGIApp:
    """The endpoint at its path; Starlette is asked about every other one, since its router costs what a call does."""
    elsewhere = Starlette(routes=[Route(path, endpoint=endpoint)], lifespan=endpoint.lifespan)

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        here = scope["type"] == "http" and scope["path"] == path
        await (endpoint if here else elsewhere)(scope, receive, send)

    return site


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: those are the program's, which cancels instead."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _serve_until_cancelled(server: uvicorn.Server, door: socket.socket, endpoint: McpApp) -> None:
    serving = asyncio.create_task(server.serve(sockets=[door]), name="toolyard-http")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            await asyncio.wait({serving}, timeout=GOODBYE)
            endpoint.end_requests()
            await asyncio.wait({serving}, timeout=HARD_END)
        raise
