"""A connection that sends what was written in one turn of the loop when the turn is over, in one piece.

The calls of a turn are then worked on one behind the other, and their answers sent one behind the other: a send in the
middle leaves the processor with the kernel's work in its caches, and the next call takes a third longer.
"""

from __future__ import annotations

import asyncio
from typing import Any

MOST_HELD = 64 * 1024
"""Bytes of which no more are held back: the connection sees then how much there is, and may ask its writer to wait."""


class GatheredWrites(asyncio.Transport):
    """`transport`, but for writes that wait for the end of the turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> None:
        if self._size + len(data) > MOST_HELD:
            self.flush()
            self._transport.write(data)
            return
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)

    def flush(self) -> None:
        """Send what is held back, if anything is."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))  # not `writelines`: that of asyncio asks nobody to wait, from 3.12 on

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._held.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()
