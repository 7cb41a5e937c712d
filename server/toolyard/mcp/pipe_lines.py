"""Lines over pipes, which the event loop itself can wait for: a thread for each line costs more than a call."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

from toolyard.mcp.lines import MAX_MESSAGE, Lines, ThreadLines
from toolyard.standard_streams import Streams

MOST_WAITING = 256
"""Lines that are read ahead of whoever takes them."""


@asynccontextmanager
async def lines_of(streams: Streams) -> AsyncGenerator[Lines]:
    """Lines over the streams: by the event loop where both are pipes, else by threads."""
    descriptors = streams.stdin.fileno(), streams.stdout.fileno()
    if not _can_be_waited_for(*descriptors):
        yield ThreadLines(streams.stdin, streams.stdout)
        return
    lines = PipeLines()
    loop = asyncio.get_running_loop()
    source, sink = (os.fdopen(os.dup(each), mode, 0) for each, mode in zip(descriptors, ("rb", "wb"), strict=True))
    reading, _ = await loop.connect_read_pipe(lambda: lines.incoming, source)
    writing, _ = await loop.connect_write_pipe(lambda: lines.outgoing, sink)
    try:
        yield lines
    finally:
        reading.close()
        if not writing.is_closing():
            writing.abort()
        await asyncio.sleep(0)  # both close their files in the next turn of the loop
        for each in descriptors:
            os.set_blocking(each, True)


def _can_be_waited_for(stdin: int, stdout: int) -> bool:
    """Whether both are pipes; what stderr is too must stay as it is for those who block on it."""
    return _is_pipe(stdin) and _is_pipe(stdout) and not os.path.sameopenfile(stdout, 2)


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class PipeLines:
    """Lines over two pipes."""

    def __init__(self) -> None:
        self.incoming = _Incoming()
        self.outgoing = _Outgoing()

    async def read(self) -> bytes:
        return await self.incoming.next()

    async def write(self, line: bytes) -> None:
        await self.outgoing.send(line + b"\n")


class _Incoming(asyncio.Protocol):
    """Cuts what arrives into lines."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._rest = bytearray()
        self._ended = False
        self._arrived = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None

    async def next(self) -> bytes:
        while not self._lines and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        if not self._lines:
            return b""
        if len(self._lines) == MOST_WAITING and self._transport and not self._ended:
            self._transport.resume_reading()
        return self._lines.popleft()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        if whole:
            self._lines.append(bytes(self._rest + whole[0][: self._room()] + b"\n"))
            self._lines.extend([line + b"\n" for line in whole[1:]])
            self._rest.clear()
        self._rest += rest[: self._room()]
        if len(self._lines) >= MOST_WAITING and self._transport:
            self._transport.pause_reading()
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._lines.append(bytes(self._rest))
        self._ended = True
        self._arrived.set()

    def _room(self) -> int:
        """Of a line that is too long, one byte too many is kept to show it."""
        return MAX_MESSAGE + 1 - len(self._rest)


class _Outgoing(asyncio.BaseProtocol):
    """Writes, and waits for a client that does not read."""

    def __init__(self) -> None:
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._transport: asyncio.WriteTransport | None = None

    async def send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            await self._may_write.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.set_write_buffer_limits(high=0)  # what was sent has left, or is waited for

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._may_write.set()
