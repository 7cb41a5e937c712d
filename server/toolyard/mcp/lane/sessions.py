"""The sessions of the handshake era that the SDK keeps, as far as the lane must know them."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from starlette.types import Scope

from toolyard.mcp.announcer import connection_of
from toolyard.mcp.headers import Headers
from toolyard.mcp.lane.exchange import Exchange
from toolyard.mcp.lane.requests import HANDSHAKES, Id

REFRESH = 60.0
"""Seconds after which a request goes the SDK's way, so that its clock of idle sessions hears of it."""

VERSIONS = frozenset({None, *(version.encode() for version in HANDSHAKES)})


@dataclass(slots=True, kw_only=True)
class Session:
    """One session, its calls under way with the id of their request, which no client need make unique. `seen` is when
    the SDK saw it last."""

    id: bytes
    connection: Connection
    owner: str | None
    seen: float = field(default_factory=time.monotonic)
    calls: dict[Exchange, Id] = field(default_factory=dict[Exchange, Id])

    @contextmanager
    def holds(self, id: Id, exchange: Exchange) -> Generator[None]:
        """The call is under way."""
        self.calls[exchange] = id
        try:
            yield
        finally:
            del self.calls[exchange]

    def cancel(self, id: Id) -> None:
        """Stop what is under way under this id."""
        for exchange in [each for each, known in self.calls.items() if known == id]:
            exchange.end("cancelled")


class HandshakeSessions:
    """Middleware that notes each session whose messages the SDK handles."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, Session] = {}

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.request is not None and (id := connection_of(ctx).session_id) is not None:
            self._note(id.encode(), connection_of(ctx), _owner(ctx.request.scope))
        return result

    def find(self, headers: Headers, scope: Scope) -> Session | None:
        """The session that a request belongs to, if the lane may answer in it."""
        session = self._sessions.get(headers.last.get(b"mcp-session-id", b""))
        if session is None or headers.last.get(b"mcp-protocol-version") not in VERSIONS:
            return None
        known = session.connection.initialize_accepted and session.owner == _owner(scope)
        return session if known and time.monotonic() - session.seen < REFRESH else None

    def doubt(self, headers: Headers) -> None:
        """Somebody wants to end the session: whether it is still there, the SDK says."""
        for id in headers.all(b"mcp-session-id"):
            if session := self._sessions.get(id):
                session.seen = -REFRESH

    def _note(self, id: bytes, connection: Connection, owner: str | None) -> None:
        session = self._sessions.get(id)
        if session is None:
            self._sessions[id] = Session(id=id, connection=connection, owner=owner)
            connection.exit_stack.callback(self._forget, id)
        else:
            session.seen = time.monotonic()

    def _forget(self, id: bytes) -> None:
        if session := self._sessions.pop(id, None):
            for exchange in tuple(session.calls):
                exchange.end("cancelled")


def _owner(scope: Scope) -> str | None:
    """Who the SDK ties the session to."""
    user = scope.get("user")
    return user.access_token.client_id if isinstance(user, AuthenticatedUser) else None
