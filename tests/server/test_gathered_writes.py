"""What is written in one turn of the loop is sent as one, and no more is held back than a little."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Generator

import pytest

from tests.server.raw_http import HELLO, JSON, modern, modern_headers
from tests.server.test_heads import connected, embedded
from tests.server.test_long_heads import HOST, TOOLS, head, whole
from tests.server.yards import DEADLINE, Server, serving, write_yard
from toolyard import tool
from toolyard.mcp.gathered_writes import GatheredWrites

STREAMS = '''
from toolyard import ToolContext

@tool
async def tell(ctx: ToolContext) -> str:
    """Say that it began, and wait for ever."""
    await ctx.progress(1)
    await asyncio.Event().wait()
    return ""
'''


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with serving(write_yard(tmp_path_factory.mktemp("gathered"), TOOLS + STREAMS)) as server:
        yield server


def test_the_head_of_an_answer_comes_with_its_body(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client:
        for number in range(50):
            client.sendall(whole(number))
            assert f"done {number}".encode() in client.recv(1 << 16)


def test_each_answer_of_requests_that_came_at_once_is_whole(server: Server) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client,
        client.makefile("rb") as read,
    ):
        client.sendall(b"".join(map(whole, range(20))))
        for number in range(20):
            lines = iter(lambda: read.readline().rstrip().lower(), b"")
            size = next(int(line.split()[1]) for line in list(lines) if line.startswith(b"content-length"))
            assert f"done {number}".encode() in read.read(size)


def test_an_event_is_not_held_back_for_the_next_one(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as client:
        asked = modern("tools/call", {"name": "tell", "arguments": {}})
        asked["params"]["_meta"]["progressToken"] = "p"
        body = json.dumps(asked).encode()
        client.sendall(
            head(HOST, *JSON, *modern_headers("tools/call", "tell"), ("Content-Length", str(len(body)))) + body
        )
        heard = b""
        while b"notifications/progress" not in heard:
            heard += client.recv(1 << 16)
        assert b"text/event-stream" in heard


@pytest.mark.anyio
async def test_an_answer_without_a_body_is_sent_and_its_connection_closed_on_the_loop_of_asyncio() -> None:
    async with connected() as (reader, writer):
        writer.write(posted(HELLO))
        lines = (await reader.readuntil(b"\r\n0\r\n\r\n")).lower().split(b"\r\n")
        session = next(line.partition(b": ")[2].decode() for line in lines if line.startswith(b"mcp-session-id"))
        initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        writer.write(posted(initialized, ("Mcp-Session-Id", session), ("Connection", "close")))
        async with asyncio.timeout(DEADLINE):
            assert (await reader.read()).startswith(b"HTTP/1.1 202 ")


@pytest.mark.anyio
async def test_a_writer_of_much_is_asked_to_wait_in_the_turn_in_which_it_writes() -> None:
    class Writer(asyncio.Protocol):
        paused: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        waits = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            gathered = GatheredWrites(transport, asyncio.get_running_loop())
            for _ in range(1024):
                gathered.write(bytes(16 * 1024))
            self.paused.set_result(self.waits)
            gathered.abort()

        def pause_writing(self) -> None:
            self.waits = True

    server = await asyncio.get_running_loop().create_server(Writer, "127.0.0.1", 0)
    async with server, asyncio.timeout(DEADLINE):
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await Writer.paused
        writer.close()


@pytest.mark.anyio
async def test_a_client_that_closes_its_own_side_behind_its_request_hears_the_answer() -> None:
    @tool(inline=True)
    def act(number: int) -> str:
        """Do it."""
        return f"done {number}"

    async with embedded(act) as port:
        answers = [await asyncio.to_thread(asked_and_left, port, number) for number in range(20)]
    assert [number for number, said in enumerate(answers) if f"done {number}" not in said] == []


def asked_and_left(port: int, number: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as client, client.makefile("rb") as read:
        client.sendall(whole(number))
        client.shutdown(socket.SHUT_WR)
        return read.read().decode()


def posted(message: object, *more: tuple[str, str]) -> bytes:
    body = json.dumps(message).encode()
    return head(HOST, *JSON, *more, ("Content-Length", str(len(body)))) + body
