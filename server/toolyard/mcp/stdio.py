"""Serving one client over stdin and stdout."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from toolyard.mcp.server import create_server
from toolyard.runtime import Runtime
from toolyard.standard_streams import Streams, claimed_streams
from toolyard.watchdog import watched
from toolyard_kernel.workers import Job, Workers

MAX_MESSAGE = 4 * 1024 * 1024
"""Bytes of the longest line that is read as a message."""

LAST_WORD = 2.0
"""Seconds an answer may take to leave once serving has ended."""

log = logging.getLogger("toolyard")


async def serve_stdio(
    runtime: Runtime,
    agent: str = "mcp",
    *,
    name: str = "toolyard",
    instructions: str | None = None,
    streams: Streams | None = None,
) -> None:
    """Serve the client at the other end of stdin and stdout until it closes stdin.

    stdout carries protocol only: whatever else is printed goes to stderr. Give `streams` when they were claimed
    before, as the command line does, so that importing tools cannot print into the protocol either.

    Raises:
        UnknownName: no such agent.
    """
    server = create_server(runtime, agent, name=name, instructions=instructions, caller="stdio")
    if streams:
        running = runtime.gate(agent).running
        async with _messages(streams) as (incoming, outgoing):
            with watched(running):
                await server.run(incoming, outgoing, server.create_initialization_options())
        return
    with claimed_streams() as claimed:
        await serve_stdio(runtime, agent, name=name, instructions=instructions, streams=claimed)


Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]


@asynccontextmanager
async def _messages(streams: Streams) -> AsyncGenerator[tuple[Incoming, Outgoing]]:
    arrived, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    lines = Lines(streams.stdin, streams.stdout)

    async def read() -> None:
        async with arrived:
            while line := await lines.read():
                await _accept(line, lines, arrived)

    async def write() -> None:
        async with leaving:
            async for message in leaving:
                with anyio.move_on_after(LAST_WORD, shield=True):  # an answer under way is still delivered
                    await lines.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode())

    async with anyio.create_task_group() as tasks, incoming, outgoing:
        tasks.start_soon(read)
        tasks.start_soon(write)
        yield incoming, outgoing
        tasks.cancel_scope.cancel()


async def _accept(line: bytes, lines: Lines, arrived: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
    """Pass a message on; what is no message is answered here, since nobody else would."""
    if not line.strip():
        return
    if len(line) > MAX_MESSAGE:
        await lines.write(_refusal(types.INVALID_REQUEST, f"Message longer than {MAX_MESSAGE} bytes", None))
        return
    try:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        invalid = error.errors()[0]["type"] == "json_invalid"
        code, text = (types.PARSE_ERROR, "Parse error") if invalid else (types.INVALID_REQUEST, "Invalid request")
        await lines.write(_refusal(code, text, None if invalid else _id_in(line)))
        return
    await arrived.send(SessionMessage(message))


def _refusal(code: int, text: str, request_id: str | int | None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}).encode()


def _id_in(line: bytes) -> str | int | None:
    try:
        message: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    found: Any = cast("dict[str, Any]", message).get("id") if isinstance(message, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of bytes over blocking streams, each end on a thread of its own."""

    source: BinaryIO
    sink: BinaryIO
    _reader: Workers = field(default_factory=lambda: Workers(1))
    _writer: Workers = field(default_factory=lambda: Workers(1))

    async def read(self) -> bytes:
        """The next line; empty at the end. Of a line that is too long only its beginning is kept."""
        return cast("bytes", await self._reader.run(Job(self._readline)))

    async def write(self, line: bytes) -> None:
        """Write a line; a client that is gone is not told."""
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
