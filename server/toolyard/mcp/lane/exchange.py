"""One HTTP request being answered: by JSON, or by events once something had to be told before the answer.

This file uses asyncio and not anyio: a scope, a task and a stream for each call cost more than the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Literal

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Send

from toolyard_kernel.calls.outcomes import Outcome

PING = 15.0
"""Seconds of silence after which the client hears that the connection is alive."""
ALIVE = b": ping\r\n\r\n"

JSON = (b"content-type", b"application/json")
EVENTS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
)

Fields = tuple[tuple[bytes, bytes], ...]
"""Headers, by name and value."""
End = Literal["left", "cancelled", "stopping"]
"""Why a call is ended: its client left, or cancelled it, or the server stops."""


class Exchange:
    """A request and its answer. `headers` go with the answer; `clings` says that a lost connection ends the call."""

    __slots__ = ("_call", "_clings", "_headers", "_receive", "_send", "_slow", "_streams", "_watcher", "ended")

    def __init__(self, receive: Receive, send: Send, headers: Fields, *, clings: bool) -> None:
        self.ended: End | None = None
        self._receive = receive
        self._send = send
        self._headers = headers
        self._clings = clings
        self._streams = False
        self._slow = False
        self._call: asyncio.Task[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def streams(self) -> bool:
        """Whether the answer has begun, as events."""
        return self._streams

    async def outcome(self, call: Coroutine[Any, Any, Outcome]) -> Outcome | None:
        """Wait for the call; None when it was ended before its end, as `ended` says."""
        self._call = asyncio.current_task()
        try:
            return await call
        except asyncio.CancelledError:
            if self.ended is None or self._call is None or self._call.uncancel() > 0:
                raise
            return None
        finally:
            self._call = None
            if self._watcher is not None:
                self._watcher.cancel()

    def watch(self) -> None:
        """The call takes long: see from now on whether its client is still there."""
        if self._call is not None and not self._slow:
            self._slow = True
            self._watcher = asyncio.ensure_future(self._watch())

    def end(self, why: End) -> None:
        """Stop the call, if it is under way."""
        if self._call is not None and self.ended is None:
            self.ended, self._slow = why, True
            self._call.cancel()

    async def tell(self, message: bytes) -> None:
        """Tell the client something before the answer."""
        await self._write(b"event: message\r\ndata: %b\r\n\r\n" % message)

    async def answer(self, message: bytes, status: int = 200) -> None:
        """The last word: a message of JSON-RPC.

        In a session, one that was waited for is an event: the SDK's client breaks on JSON that comes while it leaves.
        """
        if self._streams or (self._slow and not self._clings):
            await self.tell(message)
            await self._close()
        else:
            length = (b"content-length", str(len(message)).encode())
            head = {"type": "http.response.start", "status": status, "headers": [length, JSON, *self._headers]}
            await self._send(head)
            await self._send({"type": "http.response.body", "body": message, "more_body": False})

    async def abandon(self) -> None:
        """Complete the answer of a call that the server cannot wait for."""
        if self._streams:
            await self._close()
        else:
            await PlainTextResponse("The server is stopping\n", status_code=503)(
                {"type": "http"}, self._receive, self._send
            )

    async def _close(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, event: bytes) -> None:
        if not self._streams:
            self._streams = True
            await self._send({"type": "http.response.start", "status": 200, "headers": [*EVENTS, *self._headers]})
        await self._send({"type": "http.response.body", "body": event, "more_body": True})

    async def _watch(self) -> None:
        leaving = asyncio.ensure_future(self._left())
        try:
            while not (await asyncio.wait({leaving}, timeout=PING))[0]:
                await self._write(ALIVE)
        finally:
            leaving.cancel()
        if self._clings:
            self.end("left")

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
