"""A body that trickles in holds its connection, and what there is of it, only so long.

One timer looks at all bodies that are waited for, and none has a timer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolyard.mcp.looking import Looking

PATIENCE = 30.0
"""Seconds in which a body must be whole, for each of `SIZE` bytes that it may have."""
SIZE = 4 * 1024 * 1024
WHOLE_KEY = "toolyard.whole"
"""What the server says in the scope of a request whose body is there already, as nearly every one is."""
LOOK = 1.0
"""Seconds between two looks at the bodies that are waited for."""


class SlowBodies:
    """Passes requests on to `app`, and ends those whose body is not whole in time."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._patience = PATIENCE * max(1.0, max_body / SIZE)
        self._waited_for: set[_Body] = set()
        self._looking = Looking(self._look)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return (self._app if WHOLE_KEY in scope else self._watched)(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(self, receive)
        try:
            await self._app(scope, body.receive, send)
        except asyncio.CancelledError:
            if not body.is_late or body.request.uncancel() > 0:
                raise
            await _refusal(self._patience)(scope, receive, send)

    def wait_for(self, body: _Body) -> None:
        self._waited_for.add(body)
        self._looking.go_on(LOOK)

    def has(self, body: _Body) -> None:
        self._waited_for.discard(body)

    def _look(self, now: float) -> bool:
        for body in self._waited_for:
            body.look(now, self._patience)
        return bool(self._waited_for)


class _Body:
    """The body of one request; `since` is when it was first seen to be waited for."""

    __slots__ = ("_bodies", "_receive", "is_late", "is_whole", "request", "since")

    def __init__(self, bodies: SlowBodies, receive: Receive) -> None:
        self._bodies = bodies
        self._receive = receive
        self.request = cast("asyncio.Task[Any]", asyncio.current_task())
        self.is_whole = False
        self.is_late = False
        self.since: float | None = None

    async def receive(self) -> Message:
        if self.is_whole:
            return await self._receive()
        self._bodies.wait_for(self)
        try:
            message = await self._receive()
        finally:
            self._bodies.has(self)
        self.is_whole = not message.get("more_body", False)
        return message

    def look(self, now: float, patience: float) -> None:
        if self.since is None:
            self.since = now
        elif now - self.since >= patience and not self.is_late:
            self.is_late = True
            self.request.cancel()


def _refusal(patience: float) -> PlainTextResponse:
    text = f"The request's body was not there within {patience:g}s: send it at once, or a smaller one\n"
    return PlainTextResponse(text, status_code=408, headers={"Connection": "close"})
