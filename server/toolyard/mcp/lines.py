"""Lines of bytes over a process's standard streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, cast

from toolyard_kernel.calls.workers import Job, Workers

MAX_MESSAGE = 4 * 1024 * 1024
"""Bytes of the longest line that is read as a message."""

log = logging.getLogger("toolyard")

Take = Callable[[bytes], None]


class Lines(Protocol):
    """A client at the other end of two streams."""

    async def each(self, take: Take) -> None:
        """Hand every line to `take`, until there are no more. Of one that is too long only its beginning is kept."""
        ...

    def hold(self) -> None:
        """Read no more, and hand on no line that was read, until it may `go_on`."""
        ...

    def go_on(self) -> None: ...

    async def write(self, line: bytes) -> None:
        """Write a line; a client that is gone is not told."""
        ...


def _flowing() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class ThreadLines:
    """Lines over blocking streams of any kind, each end on a thread of its own."""

    source: BinaryIO
    sink: BinaryIO
    _reader: Workers = field(default_factory=lambda: Workers(1))
    _writer: Workers = field(default_factory=lambda: Workers(1))
    _flowing: asyncio.Event = field(default_factory=_flowing)

    async def each(self, take: Take) -> None:
        while line := cast("bytes", await self._reader.run(Job(self._readline))):
            await self._flowing.wait()
            take(line)

    def hold(self) -> None:
        self._flowing.clear()

    def go_on(self) -> None:
        self._flowing.set()

    async def write(self, line: bytes) -> None:
        await self._writer.run(Job(lambda: self._writeline(line)))

    def _readline(self) -> bytes:
        line = self.source.readline(MAX_MESSAGE + 1)
        rest = line
        while len(rest) > MAX_MESSAGE and not rest.endswith(b"\n"):
            rest = self.source.readline(MAX_MESSAGE + 1)
        return line

    def _writeline(self, line: bytes) -> None:
        remaining = memoryview(line + b"\n")
        try:
            while remaining:
                remaining = remaining[self.sink.write(remaining) :]
        except BrokenPipeError:
            log.debug("the client is gone: an answer was not delivered")
