"""The SDK's server over lines: what the lane leaves to it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from pydantic import ValidationError

from toolyard.mcp.callers import OUTCOME_KEY, Made
from toolyard.mcp.lane.stdio import GOODBYE, LAST_CALLS, Left
from toolyard.mcp.lines import MAX_MESSAGE
from toolyard.mcp.room import Room
from toolyard.mcp.unanswered import Unanswered

LAST_WORD = 1.5
"""Seconds the last answers may take to leave once serving has ended; before that, a slow client is waited for."""

log = logging.getLogger("toolyard")


async def serve_lines(server: Server[Any], lines: SdkLines) -> None:
    """Serve whoever is at the other end of these lines until they end."""
    async with _messages(lines) as wire:
        await _serve_until_cancelled(server, wire)


class SdkLines(Protocol):
    """What the lane leaves of a client's lines, and the room there is for its requests."""

    @property
    def room(self) -> Room: ...
    async def read(self) -> Left: ...
    async def write(self, line: bytes) -> None: ...
    def refusal(self, id: str | int, method: str, params: dict[str, Any]) -> bytes:
        """The answer to a request that there is no room for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """Stands where an HTTP request would, for what is handed over beside a message."""

    scope: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The client's messages and the answers; `hang_up` makes it look as if the client had left."""

    incoming: MemoryObjectReceiveStream[SessionMessage | Exception]
    outgoing: MemoryObjectSendStream[SessionMessage]
    hang_up: Callable[[], None]


async def _serve_until_cancelled(server: Server[Any], wire: Wire) -> None:
    """The SDK's server does not bear to be cancelled while messages arrive: it is hung up on instead."""
    options = server.create_initialization_options()
    serving = asyncio.create_task(server.run(wire.incoming, wire.outgoing, options), name="toolyard-stdio")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        wire.hang_up()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({serving}, timeout=GOODBYE)
        serving.cancel()
        raise


@asynccontextmanager
async def _messages(lines: SdkLines) -> AsyncGenerator[Wire]:
    arrived, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    unanswered = Unanswered(lines.room)
    reading, writing = anyio.CancelScope(), anyio.CancelScope(shield=True)

    async def read() -> None:
        async with arrived:
            with reading:
                await read_on()

    async def read_on() -> None:
        while (left := await lines.read()).line:
            if message := await _accept(left, lines):
                for each in unanswered.read(message):
                    await arrived.send(SessionMessage(each, _metadata(left.made)))
        await unanswered.answered(LAST_CALLS)

    async def write() -> None:
        with writing:
            async with leaving:
                async for message in leaving:
                    if line := _written(unanswered.written(message.message)):
                        await lines.write(line)
                    unanswered.sent(message.message)

    async with anyio.create_task_group() as tasks, incoming, outgoing:
        tasks.start_soon(read)
        tasks.start_soon(write)
        try:
            yield Wire(incoming=incoming, outgoing=outgoing, hang_up=reading.cancel)
        finally:
            writing.deadline = anyio.current_time() + LAST_WORD
            tasks.cancel_scope.cancel()


def _metadata(made: Made | None) -> ServerMessageMetadata | None:
    """With a call that the lane made already, how it ended."""
    return None if made is None else ServerMessageMetadata(request_context=HandedOver(scope={OUTCOME_KEY: made}))


def _written(message: types.JSONRPCMessage) -> bytes:
    """The message as a line; one that cannot be written ends neither the server nor its request's wait."""
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode()
    except ValueError as error:
        log.error("a message could not be written as JSON: %s", error)  # noqa: TRY400 - the message says it all
        if isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
            return _refusal(types.INTERNAL_ERROR, "The answer could not be written as JSON", message.id)
        return b""


async def _accept(left: Left, lines: SdkLines) -> types.JSONRPCMessage | None:
    """The message of a line that there is room for; a request that there is none for is answered here."""
    message = await _message(left.line, lines)
    if left.has_room or not isinstance(message, types.JSONRPCRequest) or message.method == "ping":
        return message
    await lines.write(lines.refusal(message.id, message.method, message.params or {}))
    return None


async def _message(line: bytes, lines: SdkLines) -> types.JSONRPCMessage | None:
    """The message of a line; what is no message is answered here, since nobody else would."""
    if not line.strip():
        return None
    if len(line) > MAX_MESSAGE:
        await lines.write(_refusal(types.INVALID_REQUEST, f"Message longer than {MAX_MESSAGE} bytes", None))
        return None
    try:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        invalid = error.errors()[0]["type"] == "json_invalid"
        code, text = (types.PARSE_ERROR, "Parse error") if invalid else (types.INVALID_REQUEST, "Invalid request")
        await lines.write(_refusal(code, text, None if invalid else _id_in(line)))
        return None
    if isinstance(message, types.JSONRPCNotification) and "id" in _members(line):
        await lines.write(_refusal(types.INVALID_REQUEST, "Invalid request: an id is a text or an integer", None))
        return None
    return message


def _refusal(code: int, text: str, request_id: str | int | None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}).encode()


def _id_in(line: bytes) -> str | int | None:
    found = _members(line).get("id")
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _members(line: bytes) -> dict[str, Any]:
    """What is in the JSON object of a line, or nothing when there is no such object."""
    try:
        message: Any = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}
