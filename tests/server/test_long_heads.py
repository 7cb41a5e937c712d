"""What a client may send before anybody has looked at its token is bounded, and honest requests never feel it."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.server.raw_http import JSON, Answer, Headers, modern, modern_headers, post_modern
from tests.server.yards import DEADLINE, Server, Yard, serving, until, write_yard

TOOLS = '''
import asyncio
from toolyard import tool

@tool
async def act(number: int = 0) -> str:
    """Do it."""
    return f"done {number}"

@tool
async def wait() -> str:
    """Wait for ever."""
    await asyncio.Event().wait()
    return ""
'''
MANY = 100 * 1024 * 1024
HOST = ("Host", "localhost")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return write_yard(tmp_path_factory.mktemp("heads"), TOOLS)


@pytest.fixture(scope="module")
def server(yard: Yard) -> Generator[Server]:
    with serving(yard) as server:
        yield server


class Wire:
    """A connection on which answers are read one by one."""

    def __init__(self, connection: socket.socket, read: BinaryIO) -> None:
        self._connection = connection
        self._read = read

    def say(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self) -> Answer:
        """Of one that is in JSON or in words."""
        status = int(self._read.readline().split()[1])
        headers = dict(self._headers())
        body = self._read.read(int(headers["content-length"]))
        return Answer(status=status, headers=headers, body=body.decode())

    def _headers(self) -> Iterator[tuple[str, str]]:
        while (line := self._read.readline().decode().rstrip()) != "":
            name, _, value = line.partition(": ")
            yield name.lower(), value

    def line(self) -> bytes:
        return self._read.readline()

    def is_closed(self) -> bool:
        """Whether nothing more comes, after what was read."""
        try:
            return not self._read.read()
        except ConnectionResetError:
            return True


@contextmanager
def wire(server: Server) -> Generator[Wire]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as read:
            yield Wire(connection, read)


def head(*headers: tuple[str, str]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    return f"POST /mcp HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def call(number: int, *headers: tuple[str, str]) -> tuple[bytes, bytes]:
    """The head and the body of a call of `act`."""
    body = json.dumps(modern("tools/call", {"name": "act", "arguments": {"number": number}})).encode()
    named = (HOST, *JSON, *modern_headers("tools/call", "act"), ("Content-Length", str(len(body))), *headers)
    return head(*named), body


def whole(number: int) -> bytes:
    return b"".join(call(number))


def chunked_call(number: int, trailers: bytes = b"", *, host: Headers = (HOST,), pieces: int = 1) -> bytes:
    _, body = call(number)
    size = -(-len(body) // pieces)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in parts)
    named = (*host, *JSON, *modern_headers("tools/call", "act"), ("Transfer-Encoding", "chunked"))
    return head(*named) + chunks + b"0\r\n" + trailers + b"\r\n"


def peak(server: Server) -> int:
    """The most bytes of memory that it has had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ", b"a" * 1024),
        (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n", b"a: b\r\n" * 200),
        (b"POST /mcp HTTP/1.1\r\n", b"a" * 1024),
        (b"POST /", b"a" * 1024),
    ],
    ids=["one header", "many headers", "a name", "an address"],
)
def test_a_head_that_does_not_end_is_refused_in_words_and_not_kept(server: Server, begin: bytes, more: bytes) -> None:
    before = peak(server)
    with wire(server) as client:
        client.say(begin + more * (MANY // len(more)))
        answer = client.answer()
        assert answer.status == 431
        assert answer.body.startswith("The request's head is larger than 65536 bytes: send fewer headers")
        assert answer.headers["connection"] == "close"
        assert client.is_closed()
    assert peak(server) < before + MANY / 4
    assert post_modern(server.port, "tools/list").status == 200


def test_a_head_that_is_long_and_not_too_long_is_read(server: Server) -> None:
    for headers in ([("X-Long", "a" * 60_000)], [(f"X-{number}", "a") for number in range(5000)]):
        first, body = call(1, *headers)
        assert 50_000 < len(first) < 65_536
        with wire(server) as client:
            client.say(first + body)
            assert "done 1" in client.answer().body


def test_a_head_that_is_too_long_is_refused_even_when_it_comes_whole_and_after_an_answer(server: Server) -> None:
    first, body = call(1, ("X-Long", "a" * 100_000))
    with wire(server) as client:
        client.say(whole(7))
        assert "done 7" in client.answer().body
        client.say(first + body)
        assert client.answer().status == 431
        assert client.is_closed()


@pytest.mark.anyio
@pytest.mark.parametrize("ends", ["leaves", "sends too long a head", "sends too many requests"])
async def test_a_call_ends_with_its_connection_whatever_was_sent_behind_it(
    server: Server, yard: Yard, ends: str
) -> None:
    body, before = json.dumps(modern("tools/call", {"name": "wait"})).encode(), yard.ends("wait")
    first = head(HOST, *JSON, *modern_headers("tools/call", "wait"), ("Content-Length", str(len(body))))
    with wire(server) as client:
        client.say(first + body + whole(1))
        await until(lambda: len(yard.started("wait")) > len(before))
        match ends:
            case "sends too long a head":
                client.say(b"POST /mcp HTTP/1.1\r\nX: " + b"a" * 100_000)
                assert client.is_closed()
            case "sends too many requests":
                client.say(b"GET / HTTP/1.1\r\n\r\n" * 2000)
                assert client.is_closed()
            case _:
                pass
    await until(lambda: yard.ends("wait") == [*before, "cancelled"])
    assert "Traceback" not in server.log


def test_requests_that_come_at_once_are_answered_in_their_order(server: Server) -> None:
    with wire(server) as client:
        client.say(b"".join(whole(number) for number in range(50)) + whole(50)[:30])
        for number in range(50):
            assert f'done {number}"' in client.answer().body
        client.say(whole(50)[30:])
        assert "done 50" in client.answer().body


def test_a_head_may_come_in_pieces_that_end_anywhere(server: Server) -> None:
    first, body = call(3)
    with wire(server) as client:
        for end in range(1, len(first) + 1):
            client.say(first[:end])
            client.say(first[end:] + body)
            assert "done 3" in client.answer().body
        for byte in first:
            client.say(bytes([byte]))
        client.say(body)
        assert "done 3" in client.answer().body


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_body_in_chunks_is_read_with_its_trailers(server: Server, pieces: int) -> None:
    with wire(server) as client:
        for number in range(2):
            client.say(chunked_call(number, b"X-Sum: 1\r\n", pieces=pieces))
            assert f"done {number}" in client.answer().body


def test_a_body_of_some_megabytes_is_read(server: Server) -> None:
    body = json.dumps(modern("tools/list")).encode() + b" " * 3 * 1024 * 1024
    with wire(server) as client:
        client.say(head(HOST, *JSON, *modern_headers("tools/list"), ("Content-Length", str(len(body)))) + body)
        assert client.answer().status == 200


def test_a_trailer_is_no_header_of_its_request(server: Server) -> None:
    with wire(server) as client:
        client.say(chunked_call(1, b"Host: localhost\r\n", host=()))
        assert client.answer().status == 421
        client.say(chunked_call(1, b"Host: evil.test\r\n"))
        assert "done 1" in client.answer().body


@pytest.mark.parametrize("trailers", [b"a: b\r\n" * 200, b"a" * 1024], ids=["many", "long"])
def test_trailers_that_do_not_end_are_cut_off_and_not_kept(server: Server, yard: Yard, trailers: bytes) -> None:
    before, calls = peak(server), len(yard.records())
    with wire(server) as client:
        with pytest.raises(OSError, match=r"reset|pipe"):
            client.say(chunked_call(1, trailers * (MANY // len(trailers))))
        assert client.is_closed()
    assert peak(server) < before + MANY / 4
    assert len(yard.records()) == calls


def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    first, body = call(5, ("Expect", "100-continue"))
    with wire(server) as client:
        client.say(first)
        assert client.line() + client.line() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.say(body)
        assert "done 5" in client.answer().body


def test_a_client_that_would_rather_speak_another_protocol_is_answered_in_this_one(server: Server) -> None:
    upgrade = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "a" * 22 + "=="))
    with wire(server) as client:
        client.say(head(HOST, *upgrade, ("Sec-WebSocket-Version", "13")))
        assert 400 <= client.answer().status < 500
