"""A connection is open for as long as its client has something to ask, whichever parser reads its requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.server.raw_http import JSON, modern, modern_headers
from tests.server.yards import DEADLINE
from toolyard import Tool, tool
from toolyard.mcp import create_mcp_runtime, draining, heads, serve_http
from toolyard.testing import MemoryLedger

pytestmark = pytest.mark.anyio

BODY = json.dumps(modern("tools/call", {"name": "act"})).encode()
LINES = [f"{name}: {value}\r\n" for name, value in (("Host", "localhost"), *JSON, *modern_headers("tools/call", "act"))]
HEAD = f"POST /mcp HTTP/1.1\r\n{''.join(LINES)}Content-Length: {len(BODY)}\r\n\r\n".encode()

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(params=["httptools", "h11"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "h11":
        monkeypatch.setitem(sys.modules, "httptools", None)
    return str(request.param)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "PATIENCE", 2)
    monkeypatch.setattr(draining, "TICKS", 1)


@asynccontextmanager
async def embedded(act: Tool) -> AsyncGenerator[int]:
    """The port of a server of this tool on the test's own loop."""
    urls = asyncio.Queue[str]()
    runtime = create_mcp_runtime(tools=[act], ledger=MemoryLedger())
    serving = asyncio.create_task(serve_http(runtime, port=0, on_ready=urls.put_nowait))
    try:
        async with asyncio.timeout(DEADLINE):
            yield int((await urls.get()).rpartition(":")[2].partition("/")[0])
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@asynccontextmanager
async def connected(seconds: float = 0) -> AsyncGenerator[Streams]:
    """To a server whose tool takes so long."""

    @tool
    async def act() -> str:
        """Do it."""
        await asyncio.sleep(seconds)
        return "done"

    async with embedded(act) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.partition(b":")[2]))


async def trickled(streams: Streams, endless: bytes) -> bytes:
    """What comes until the server closes the connection, to a client that sends a byte now and then."""
    reader, writer = streams

    async def trickle() -> None:
        for byte in endless:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    try:
        return await reader.read()
    except ConnectionResetError:  # a byte of ours came after it was closed
        return b""
    finally:
        trickling.cancel()


def says_why(parser: str, said: bytes) -> bool:
    """h11 does not tell where in a head it is: then the connection is closed without a word."""
    if parser == "h11":
        return said == b""
    return said.startswith(b"HTTP/1.1 408 ") and said.endswith(b"did not come: send it at once, within 2s\n")


@pytest.mark.usefixtures("impatient", "parser")
async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word() -> None:
    async with connected() as (reader, _):
        assert await reader.read() == b""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("before", [0, 1])
async def test_a_head_that_trickles_in_ends_the_connection_however_often_a_byte_comes(parser: str, before: int) -> None:
    async with connected() as streams:
        reader, writer = streams
        for _ in range(before):
            writer.write(HEAD + BODY)
            assert b'"done"' in await answer(reader)
        assert says_why(parser, await trickled(streams, HEAD[:-4] + b"a" * 100_000))


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_began_behind_a_call_has_its_time_from_the_answer_on(parser: str) -> None:
    async with connected(seconds=0.5) as (reader, writer):
        writer.write(HEAD + BODY + HEAD[:20])
        assert b'"done"' in await answer(reader)
        assert says_why(parser, await reader.read())


@pytest.mark.usefixtures("impatient", "parser")
async def test_a_client_that_was_answered_cannot_send_its_body_for_ever() -> None:
    async with connected() as streams:
        streams[1].write(b"POST /mcp HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 100000\r\n\r\n")
        assert (await answer(streams[0])).startswith(b"HTTP/1.1 421 ")
        assert await trickled(streams, b"a" * 100_000) == b""


@pytest.mark.usefixtures("impatient", "parser")
async def test_a_call_may_take_longer_than_a_head() -> None:
    async with connected(seconds=0.5) as (reader, writer):
        writer.write(HEAD + BODY)
        assert b'"done"' in await answer(reader)


@pytest.mark.usefixtures("parser")
async def test_a_head_that_is_looked_at_while_it_comes_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "TICKS", 1)
    async with connected() as (reader, writer):
        for _ in range(2):
            for piece in (HEAD[:10], HEAD[10:-1], HEAD[-1:] + BODY):
                writer.write(piece)
                await asyncio.sleep(0.15)
            assert b'"done"' in await answer(reader)


async def test_a_head_that_is_too_long_is_refused_without_httptools_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httptools", None)
    async with connected() as (reader, writer):
        writer.write(HEAD[:-4] + b"a" * 1_000_000)
        with contextlib.suppress(ConnectionResetError):  # it is closed while there is more to read
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    async with connected() as (reader, writer):
        writer.write(HEAD[:-2] + b"X: " + b"a" * 60_000 + b"\r\n\r\n" + BODY)
        assert b'"done"' in await answer(reader)
