"""Serving over streamable HTTP, inside somebody else's application or as a server of its own."""

from __future__ import annotations

import math
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from toolyard.errors import StartError
from toolyard.mcp.callers import SCOPE_KEY, Counter, at_the_door
from toolyard.mcp.draining import HARD_END, Drain, DrainedServer, serve_until_stopped
from toolyard.mcp.guard import LOOPBACK_HOSTS, Guard
from toolyard.mcp.heads import MOST_BYTES
from toolyard.mcp.lane.answers import Answers
from toolyard.mcp.lane.http import HttpLane
from toolyard.mcp.lane.identity import Identity
from toolyard.mcp.lane.pristine import Pristine
from toolyard.mcp.lane.sessions import HandshakeSessions
from toolyard.mcp.listening import checked_bind, listening, url_of
from toolyard.mcp.metrics import PATH as METRICS
from toolyard.mcp.metrics import Counted, Metrics
from toolyard.mcp.modern_only import ModernOnly
from toolyard.mcp.server import Extend, server_of
from toolyard.mcp.sessions import Sessions
from toolyard.mcp.slow_bodies import SlowBodies
from toolyard.mcp.tokens import Tokens, holders_now
from toolyard.mcp.under_way import UnderWay
from toolyard.runtime import ServedRuntime
from toolyard.watchdog import watched

MAX_BODY = 4 * 1024 * 1024


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

    def guarded(self, app: ASGIApp) -> ASGIApp:
        """`app` behind the same guard."""
        return replace(self._guard, app=app)

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
    modern_only: bool = False,
) -> McpApp:
    """An MCP endpoint to mount into any Starlette or FastAPI application.

    A request whose Host, or a browser's Origin, is not among `allowed_hosts` (names without a port) is refused. With
    `tokens` (token → its caller, or what tells them anew for each request) every request must show one of them as its
    bearer token. A body that is larger than `max_body_bytes`, or does not come within 30s for each 4 MiB of them, is
    refused. `extend` is called with the SDK's server before it serves. Without `lane` it answers every request.
    `modern_only` refuses clients that shake hands: no other process that serves the same address knows their sessions.

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
        token = at_the_door.set(scope[SCOPE_KEY])
        try:
            await manager.handle_request(scope, receive, send)
        finally:
            at_the_door.reset(token)

    def serves(method: str) -> bool:
        extended = extend is not None and method == "server/discover"
        return lane and sessions.running and not extended and pristine.answers(method)

    under_way = UnderWay(endpoint)
    answers = Answers(counter, Identity(server=server.server_info_stamp, instructions=instructions))
    front = HttpLane(answers, known, under_way, serves=serves, max_body=max_body_bytes)

    def end_requests() -> None:
        under_way.end()
        front.end()

    guard = Guard(
        app=SlowBodies(ModernOnly(front, max_body_bytes) if modern_only else front, max_body_bytes),
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
    drain: Drain | None = None,
    door: socket.socket | None = None,
    modern_only: bool = False,
    metrics: Callable[[], Counted] | None = None,
) -> None:
    """Serve until cancelled; then calls under way are stopped and connections closed within a few seconds.

    When `drain` is asked for, nobody else comes in and calls under way have its seconds first. `on_ready` is told the
    URL once the port is open. Port 0 takes a free one, and `door` is a socket that listens already. `extend`, `lane`
    and `modern_only` are as in `asgi_app`. With `metrics`, `/metrics` tells what it returns, behind the same guard.
    A request's head has 64 KiB and 30s, also on a connection that was used before.

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
        modern_only=modern_only,
    )
    drain = drain or Drain()
    site = _at(path, endpoint, [] if metrics is None else [_metrics_at(path, endpoint, metrics)])
    running = runtime.gate(agent).running
    with door or listening(host, port) as opened, watched(running):
        on_ready(url_of(opened, host, path))
        await serve_until_stopped(DrainedServer(_settings(site, drain)), opened, drain, running, endpoint.end_requests)


def _settings(site: ASGIApp, drain: Drain) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        interface="asgi3",
        http="toolyard.mcp.long_heads:BoundedHttp" if find_spec("httptools") else "h11",
        h11_max_incomplete_event_size=MOST_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=math.ceil(drain.seconds) + HARD_END,
    )


def _metrics_at(path: str, endpoint: McpApp, metrics: Callable[[], Counted]) -> Route:
    if path == METRICS:
        raise StartError(f"{METRICS} is where the metrics are: choose another path than {path} for MCP")
    return Route(METRICS, endpoint=endpoint.guarded(Metrics(metrics)))


def _at(path: str, endpoint: McpApp, more: Sequence[Route]) -> ASGIApp:
    """The endpoint at its path; Starlette is asked about every other one, since its router costs what a call does."""
    elsewhere = Starlette(routes=[Route(path, endpoint=endpoint), *more], lifespan=endpoint.lifespan)

    def site(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        here = scope["type"] == "http" and scope["path"] == path
        return (endpoint if here else elsewhere)(scope, receive, send)

    return site
