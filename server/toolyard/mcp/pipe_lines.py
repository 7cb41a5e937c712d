"""Lines over pipes, which the event loop itself can wait for: a thread for each line costs more than a call.

The loop's own transports are not used: what they do for everybody costs a call more than to read and write it.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from toolyard.mcp.lines import MAX_MESSAGE, Lines, Take, ThreadLines
from toolyard.standard_streams import Streams

AT_ONCE = 64 * 1024
"""Bytes that are read at once: what a pipe holds. For many more, memory is mapped anew each time."""


@asynccontextmanager
async def lines_of(streams: Streams) -> AsyncGenerator[Lines]:
    """Lines over the streams: by the event loop where both are pipes, else by threads."""
    descriptors = streams.stdin.fileno(), streams.stdout.fileno()
    if not _can_be_waited_for(*descriptors):
        yield ThreadLines(streams.stdin, streams.stdout)
        return
    for each in descriptors:
        os.set_blocking(each, False)
    lines = PipeLines(*descriptors)
    try:
        yield lines
    finally:
        lines.close()
        for each in descriptors:
            os.set_blocking(each, True)


def _can_be_waited_for(stdin: int, stdout: int) -> bool:
    """Whether both are pipes; what stderr is too must stay as it is for those who block on it."""
    return _is_pipe(stdin) and _is_pipe(stdout) and not os.path.sameopenfile(stdout, 2)


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class PipeLines:
    """Lines over two pipes that do not block."""

    def __init__(self, source: int, sink: int) -> None:
        self._incoming = _Incoming(source)
        self._outgoing = _Outgoing(sink)

    async def each(self, take: Take) -> None:
        await self._incoming.each(take)

    def hold(self) -> None:
        self._incoming.hold()

    def go_on(self) -> None:
        self._incoming.go_on()

    async def write(self, line: bytes) -> None:
        if not self._outgoing.sent(line + b"\n"):
            await self._outgoing.all_sent.wait()

    def close(self) -> None:
        """Leave both pipes; what was not sent by now is not sent any more."""
        self._incoming.hold()
        self._outgoing.close()


class _Incoming:
    """Cuts what arrives into lines, and hands them on in the same turn of the loop."""

    def __init__(self, source: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._lines: deque[bytes] = deque()
        self._rest = bytearray()
        self._held = False
        self._at_end = False
        self._take: Take = self._lines.append
        self._over = self._loop.create_future()

    async def each(self, take: Take) -> None:
        self._take = take
        self._loop.add_reader(self._source, self._readable)
        try:
            await self._over
        finally:
            self.hold()

    def hold(self) -> None:
        self._held = True
        self._loop.remove_reader(self._source)

    def go_on(self) -> None:
        if self._held:
            self._held = False
            self._loop.call_soon(self._gone_on)

    def _gone_on(self) -> None:
        self._hand_on()
        if not (self._held or self._at_end or self._over.done()):
            self._loop.add_reader(self._source, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._source, AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # a socket's other end can be gone in a hurry
            data = b""
        if data:
            self._cut(data)
        else:
            self._end()
        self._hand_on()

    def _cut(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        if whole:
            self._lines.append(bytes(self._rest + whole[0][: self._wanted()] + b"\n"))
            self._lines.extend([line + b"\n" for line in whole[1:]])
            self._rest.clear()
        self._rest += rest[: self._wanted()]

    def _end(self) -> None:
        self._at_end = True
        self._loop.remove_reader(self._source)
        if self._rest:
            self._lines.append(bytes(self._rest))

    def _hand_on(self) -> None:
        try:
            while self._lines and not (self._held or self._over.done()):
                self._take(self._lines.popleft())
        except Exception as error:  # noqa: BLE001 - it is raised by `each`
            self._finish(error)
        if self._at_end and not self._lines:
            self._finish(None)

    def _finish(self, error: Exception | None) -> None:
        if self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    def _wanted(self) -> int:
        """How many more bytes of this line are kept: of one that is too long, one byte too many, to show it."""
        return MAX_MESSAGE + 1 - len(self._rest)


class _Outgoing:
    """Writes what the pipe takes at once, and the rest when the client has read."""

    def __init__(self, sink: int) -> None:
        self.all_sent = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._sink = sink
        self._unsent = bytearray()
        self._gone = False

    def sent(self, data: bytes) -> bool:
        """Send it behind what was not sent yet, and say whether it left at once."""
        if not self._unsent:
            written = self._written(data)
            if written == len(data):
                return True
            data = data[written:]
            self.all_sent.clear()
            self._loop.add_writer(self._sink, self._writable)
        self._unsent += data
        return False

    def close(self) -> None:
        self._gone = True
        self._unsent.clear()
        self._loop.remove_writer(self._sink)
        self.all_sent.set()

    def _writable(self) -> None:
        del self._unsent[: self._written(self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._sink)
            self.all_sent.set()

    def _written(self, data: bytes | bytearray) -> int:
        """How many bytes have left; all of them where nobody is there to read them."""
        if self._gone:
            return len(data)
        try:
            return os.write(self._sink, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._gone = True
            return len(data)
