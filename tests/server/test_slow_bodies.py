"""A request whose body does not come holds its connection only so long, whoever would have answered it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.server.hosting import hosted
from tests.server.raw_http import HELLO, JSON, Headers, modern, modern_headers
from tests.server.yards import DEADLINE
from toolyard import tool
from toolyard.mcp import asgi_app, create_mcp_runtime, slow_bodies
from toolyard.testing import MemoryLedger

pytestmark = pytest.mark.anyio

CALL = json.dumps(modern("tools/call", {"name": "act"})).encode()
CALLING = modern_headers("tools/call", "act")
WAYS: dict[str, tuple[bytes, Headers, dict[str, Any]]] = {
    "lane": (CALL, CALLING, {}),
    "sdk": (CALL, CALLING, {"lane": False}),
    "handshake": (json.dumps(HELLO).encode(), (), {}),
    "refused": (json.dumps(HELLO).encode(), (), {"modern_only": True}),
}


@tool
async def act() -> str:
    """Do it."""
    return "done"


class Line:
    """A connection on which a test says what it likes, when it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def begin(self, length: int, headers: Headers) -> None:
        lines = [f"{name}: {value}\r\n" for name, value in (("Host", "localhost"), *JSON, *headers)]
        await self.say(f"POST / HTTP/1.1\r\n{''.join(lines)}Content-Length: {length}\r\n\r\n".encode())

    async def answer(self) -> bytes:
        """Of one that is in JSON or in words."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return head + await self._reader.readexactly(int(length.partition(b":")[2]))

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        return await self._reader.read()


@asynccontextmanager
async def line(ledger: MemoryLedger, **options: Any) -> AsyncGenerator[Line]:
    async with (
        asyncio.timeout(DEADLINE),
        hosted(asgi_app(create_mcp_runtime(tools=[act], ledger=ledger), **options)) as url,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        try:
            yield Line(reader, writer)
        finally:
            writer.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_bodies, "PATIENCE", 0.1)
    monkeypatch.setattr(slow_bodies, "LOOK", 0.02)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sent", [0, 5])
async def test_a_body_that_does_not_come_is_refused_and_its_connection_closed(
    way: str, sent: int, caplog: pytest.LogCaptureFixture
) -> None:
    (body, headers, options), ledger = WAYS[way], MemoryLedger()
    async with line(ledger, **options) as client:
        await client.begin(len(body), headers)
        await client.say(body[:sent])
        said = await client.rest()
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in said.lower()
    assert b"was not there within 0.1s" in said
    assert (ledger.records, caplog.records) == ([], [])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("most", "seconds"), [(slow_bodies.SIZE // 2, "0.1s"), (2 * slow_bodies.SIZE, "0.2s")])
async def test_where_larger_bodies_may_come_they_have_longer(most: int, seconds: str) -> None:
    async with line(MemoryLedger(), max_body_bytes=most) as client:
        await client.begin(len(CALL), CALLING)
        assert f"was not there within {seconds}:".encode() in await client.rest()


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_trickles_is_refused_however_often_a_byte_comes() -> None:
    async with line(MemoryLedger()) as client:
        await client.begin(1_000_000, CALLING)

        async def trickle() -> None:
            while True:
                await client.say(b" ")
                await asyncio.sleep(0.01)

        trickling = asyncio.create_task(trickle())
        assert (await client.answer()).startswith(b"HTTP/1.1 408 ")
        trickling.cancel()


@pytest.mark.parametrize("way", ["lane", "sdk"])
async def test_a_body_that_comes_in_pieces_is_read(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_bodies, "LOOK", 0.01)
    body, headers, options = WAYS[way]
    async with line(MemoryLedger(), **options) as client:
        for _ in range(2):
            await client.begin(len(body), headers)
            for piece in (body[:10], body[10:20], body[20:]):
                await asyncio.sleep(0.03)  # it is looked at meanwhile
                await client.say(piece)
            assert b'"done"' in await client.answer()


@pytest.mark.usefixtures("impatient")
async def test_a_call_whose_body_is_there_may_take_longer() -> None:
    @tool
    async def slow() -> str:
        """Take longer than a body may."""
        await asyncio.sleep(0.3)
        return "done"

    body = json.dumps(modern("tools/call", {"name": "slow"})).encode()
    async with (
        asyncio.timeout(DEADLINE),
        hosted(asgi_app(create_mcp_runtime(tools=[slow], ledger=MemoryLedger()))) as url,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        client = Line(reader, writer)
        await client.begin(len(body), modern_headers("tools/call", "slow"))
        await client.say(body)
        assert b'"done"' in await client.answer()
        writer.close()


def test_an_application_that_served_on_another_event_loop_refuses_such_a_body_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slow_bodies, "PATIENCE", 0.1)
    monkeypatch.setattr(slow_bodies, "LOOK", 2 * DEADLINE)
    app = asgi_app(create_mcp_runtime(tools=[act], ledger=MemoryLedger()))

    async def said(body: bytes) -> bytes:
        async with asyncio.timeout(DEADLINE), hosted(app) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            client = Line(reader, writer)
            await client.begin(len(CALL), CALLING)
            await client.say(body)
            answer = await client.answer()
            writer.close()
            return answer

    assert b'"done"' in asyncio.run(said(CALL))  # the look at its body never comes
    monkeypatch.setattr(slow_bodies, "LOOK", 0.02)
    assert asyncio.run(said(CALL[:5])).startswith(b"HTTP/1.1 408 ")
