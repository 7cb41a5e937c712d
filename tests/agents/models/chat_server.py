"""A Chat Completions server on loopback that sends exactly the bytes it is told, and tells what its clients do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from toolyard_agents.models.openai import OpenAIModel
from toolyard_agents.models.patience import Patience

KEY = "sk-secret-of-this-test"
STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass(slots=True)
class Connection:
    """One request, and what is sent for it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Any] = field(default_factory=dict[str, Any])

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        while await self.reader.read(1024):
            pass


Turn = Callable[[Connection], Awaitable[None]]


@dataclass(slots=True)
class ChatServer:
    """`requests` holds what came; `connections` counts the sockets; each request takes the next turn."""

    turns: list[Turn]
    url: str = ""
    requests: list[Connection] = field(default_factory=list[Connection])
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(Connection(reader, writer)):
                pass
        except OSError:
            pass  # the client left
        finally:
            writer.close()

    async def _answer(self, connection: Connection) -> bool:
        head = await _head(connection.reader)
        if not head:
            return False
        request_line, *lines = head.decode().strip().split("\r\n")
        connection.path = request_line.split(" ")[1]
        connection.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(connection.headers.get("content-length", "0"))
        connection.body = json.loads(await connection.reader.readexactly(length))
        self.requests.append(connection)
        turn = self.turns.pop(0) if self.turns else says(410)
        await turn(connection)
        return turn not in CUTS


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


CUTS: set[Turn] = set()
"""The turns after which the server closes the connection."""


@asynccontextmanager
async def chatting(*turns: Turn) -> AsyncGenerator[ChatServer]:
    """A server that takes one turn for each request, and answers 410 once they are used up."""
    chat = ChatServer(list(turns))
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await chat.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            handlers.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        for handler in list(handlers):
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def asking(
    *turns: Turn, name: str = "gpt-5-mini", patience: Patience | None = None
) -> AsyncGenerator[tuple[OpenAIModel, ChatServer]]:
    """A model at a server that takes these turns."""
    async with chatting(*turns) as server:
        model = OpenAIModel(name, base_url=server.url, api_key=KEY, patience=patience)
        try:
            yield model, server
        finally:
            await model.aclose()


def cutting(turn: Turn) -> Turn:
    """The same turn, but the connection is closed after it."""

    async def cut(connection: Connection) -> None:
        await turn(connection)

    CUTS.add(cut)
    return cut


def says(status: int, payload: Any = None, **headers: str) -> Turn:
    """A plain answer: JSON, or a text as it is."""
    content = payload if payload is not None else {"error": {"message": f"scripted {status}", "type": "server_error"}}
    text, kind = (content, "text/html") if isinstance(content, str) else (json.dumps(content), "application/json")

    async def turn(connection: Connection) -> None:
        lines = {"content-type": kind, "content-length": str(len(text.encode()))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await connection.send(f"{head}\r\n{text}".encode())

    return turn


def streams(*parts: bytes, end: bool = True) -> Turn:
    """A stream in chunks of exactly these bytes. Without its end the connection is cut in the middle."""

    async def turn(connection: Connection) -> None:
        await connection.send(f"{STREAM}transfer-encoding: chunked\r\n\r\n".encode())
        for part in filter(None, parts):
            await connection.send_chunk(part)
        if end:
            await connection.send_chunk(b"")

    return turn if end else cutting(turn)


def streams_cut(*parts: bytes) -> Turn:
    """A stream whose connection is cut in the middle."""
    return streams(*parts, end=False)


def streams_until_closed(*parts: bytes) -> Turn:
    """A stream whose end is the end of the connection, so that a cut cannot be told from it."""

    async def turn(connection: Connection) -> None:
        await connection.send(f"{STREAM}connection: close\r\n\r\n".encode())
        for part in parts:
            await connection.send(part)

    return cutting(turn)


def event(payload: Any) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with these fields of the message."""
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return event({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})


def usage(**counts: Any) -> bytes:
    """The chunk with the usage, which comes last."""
    return event({"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": {**USAGE, **counts}})


def call(index: int | None = 0, *, id: str | None = None, name: str | None = None, arguments: Any = None) -> bytes:
    """A piece of a tool call, with what is given."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return delta(tool_calls=[{**piece, "function": function}])


def text_turn(*texts: str) -> Turn:
    """An ordinary answer."""
    return streams(*text_parts(*texts))


def text_parts(*texts: str) -> Iterable[bytes]:
    """The events of an ordinary answer."""
    return [delta(role="assistant", content=""), *(delta(content=text) for text in texts), delta("stop"), usage(), DONE]
