"""A connection that sends the head of an answer with what follows it: a send costs more than any other step."""

from __future__ import annotations

import asyncio
from typing import Any


class JoinedWrites(asyncio.Transport):
    """`transport`, but for a write that waits for a second one in the same turn of the loop, and no longer."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._waiting: bytes | None = None

    def write(self, data: Any) -> None:
        if not data:  # the body of a 202; asyncio's `writelines` tries to send an empty part for ever, from 3.12 on
            return
        first, self._waiting = self._waiting, None
        if first is not None:
            self._transport.writelines((first, data))
        else:
            self._waiting = data
            self._loop.call_soon(self._send)

    def write_eof(self) -> None:
        self._send()
        self._transport.write_eof()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._waiting = None
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

    def _send(self) -> None:
        data, self._waiting = self._waiting, None
        if data is not None and not self._transport.is_closing():
            self._transport.write(data)
