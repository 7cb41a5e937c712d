"""What comes before the guard is bounded: a request's head, the trailers of its body, and the requests that queue.

httptools has no bound of its own. h11, which serves where there is no httptools, has one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from toolyard.mcp import heads
from toolyard.mcp.gathered_writes import GatheredWrites
from toolyard.mcp.slow_bodies import WHOLE_KEY

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

MOST_QUEUED = 100
"""Requests that a client sends before an earlier one is answered; some more, when they come at once."""
PIECE = 16 * 1024
"""Bytes that are parsed at once, and counted then: by so much, twice, a head may be longer."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head that is too long is answered, and nothing that comes after it is read.

    What is run for every request names its base class: `super()` would cost as much as all the rest.
    """

    _held = 0
    """Bytes since a head was whole, or since the last ones of a body."""
    _refused = False
    _answering: RequestResponseCycle | None = None
    """The request under way, when others came after it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._writes = GatheredWrites(transport, self.loop)
        super().connection_made(self._writes)

    def eof_received(self) -> None:
        """The connection is closed now; a client that only closed its own side still hears what was answered."""
        self._writes.flush()

    def data_received(self, data: bytes) -> None:
        if self._held + len(data) <= PIECE and not self.pipeline:
            self._held += len(data)
            HttpToolsProtocol.data_received(self, data)
            return
        for start in range(0, len(data), PIECE):
            if self._refused or self.transport.is_closing():
                return
            piece = data[start : start + PIECE]
            self._held += len(piece)
            HttpToolsProtocol.data_received(self, piece)
            if self._held > heads.MOST_BYTES or len(self.pipeline) > MOST_QUEUED:
                self._refuse(431, f"The request's head is larger than {heads.MOST_BYTES} bytes: send fewer headers")

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn tells the last request that its client is gone, and not the one under way."""
        if self._answering:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_headers_complete(self) -> None:
        self._held = 0
        HttpToolsProtocol.on_headers_complete(self)
        self.headers = []  # trailers are no headers: those of the request are in its scope

    def on_body(self, body: bytes) -> None:
        self._held = 0
        HttpToolsProtocol.on_body(self, body)

    def on_message_complete(self) -> None:
        HttpToolsProtocol.on_message_complete(self)
        self.scope[WHOLE_KEY] = True  # type: ignore[literal-required]

    def timeout_keep_alive_handler(self) -> None:
        if self._is_in_a_head and not self._refused and not self.transport.is_closing():
            self._refuse(408, f"The rest of the request's head did not come: send it at once, within {heads.PATIENCE}s")
        else:
            super().timeout_keep_alive_handler()

    @property
    def _last(self) -> RequestResponseCycle | None:
        """The last request whose head was whole; uvicorn's types know nothing of none."""
        return self.cycle

    @property
    def _is_in_a_head(self) -> bool:
        begun, read = self.scope, self._last.scope if self._last else None
        return begun is not read

    def _refuse(self, status: int, text: str) -> None:
        """Say so, if nothing else is being said, and stop writing: a client that still sends may read it so."""
        self._refused, self._held = True, PIECE
        if self._last is None or self._last.response_complete:
            self.transport.write(self._answer(status, f"{text}\n".encode()))
            self.transport.write_eof()
        else:
            self.transport.abort()

    def _answer(self, status: int, body: bytes) -> bytes:
        headers = (
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        )
        return b"".join((STATUS_LINE[status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body))
