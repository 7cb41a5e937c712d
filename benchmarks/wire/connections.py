"""How requests reach a server: over sockets with one request in flight each, or over the pipes of one process."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import httptools

from benchmarks.wire.messages import FIRST, INITIALIZE, INITIALIZED, LEGACY, MODERN, Exchange, read
from benchmarks.wire.processes import PATIENCE, BenchmarkError
from benchmarks.wire.servers.catalogue import NAME

CHUNK = 1 << 18
ID = re.compile(rb'"id": ?(\d+)')
PLACES_OF_THE_ID = 200
"""Bytes at either end of a line of which one holds its id."""


class Connection(Protocol):
    """`received` gives the number and the body of each whole answer that has arrived."""

    def fileno(self) -> int: ...

    def send(self, exchange: Exchange, number: int) -> None: ...

    def received(self) -> Iterator[tuple[int, bytes]]: ...


class HttpConnection:
    """A socket that is kept open; its answers come one after the other."""

    def __init__(self, port: int, session: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"127.0.0.1:{port}"
        self._session = session
        self._number = FIRST
        self._heads: dict[int, bytes] = {}
        self._start()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, exchange: Exchange, number: int) -> None:
        head = self._heads.get(id(exchange))
        if head is None:
            head = self._heads[id(exchange)] = self._head(exchange)
        self._number = number
        self._socket.sendall(head + exchange.request(number))

    def received(self) -> Iterator[tuple[int, bytes]]:
        self._feed()
        if self._complete:
            body = b"".join(self._body) if self.status == 200 else b""  # noqa: PLR2004 - what else comes is no answer
            self._start()
            yield self._number, body

    def start(self, body: bytes, headers: Mapping[str, str], method: str = "POST") -> None:
        """Send one message."""
        self._start()
        self._socket.sendall(self._written_head(len(body), headers, method) + body)

    def post(self, body: bytes, headers: Mapping[str, str], method: str = "POST") -> bytes:
        """Send one message, and wait for the answer; then `status` and `headers` are about it."""
        self.start(body, headers, method)
        while not self._complete:
            self._feed()
        return b"".join(self._body)

    def close(self) -> None:
        self._socket.close()

    def _head(self, exchange: Exchange) -> bytes:
        if exchange.era == "legacy":
            about = {"mcp-protocol-version": LEGACY, "mcp-session-id": self._session}
        else:
            about = {"mcp-protocol-version": MODERN, "mcp-method": exchange.method}
            about |= {"mcp-name": NAME} if exchange.method == "tools/call" else {}
        return self._written_head(exchange.length, about)

    def _written_head(self, length: int, headers: Mapping[str, str], method: str = "POST") -> bytes:
        lines = {
            "host": self._host,
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "content-length": str(length),
            **headers,
        }
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} /mcp HTTP/1.1\r\n{written}\r\n".encode()

    def _start(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._complete, self.status = False, 0
        self.headers: dict[str, str] = {}

    def _feed(self) -> None:
        data = self._socket.recv(CHUNK)
        if not data:
            raise BenchmarkError("the server closed the connection")
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._complete = True


def opened_session(port: int) -> str:
    """Shake hands as a client of 2025-11-25 does; the session's id."""
    connection = HttpConnection(port)
    answer = connection.post(INITIALIZE, {})
    session = connection.headers.get("mcp-session-id", "")
    if "result" not in read(answer):
        raise BenchmarkError(f"initialize was answered with {connection.status}: {answer[:200]!r}")
    connection.post(INITIALIZED, {"mcp-protocol-version": LEGACY, "mcp-session-id": session})
    connection.close()
    return session


class StdioConnection:
    """The pipes of a process; answers come in any order."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if not process.stdin or not process.stdout:
            raise BenchmarkError("a server over stdio was started without pipes")
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._rest = b""

    def fileno(self) -> int:
        return self._out

    def send(self, exchange: Exchange, number: int) -> None:
        self.write(exchange.request(number))

    def write(self, line: bytes) -> None:
        os.write(self._in, line + b"\n")

    def lines(self) -> list[bytes]:
        """The lines that are complete now; waits for the first bytes."""
        data = os.read(self._out, CHUNK)
        if not data:
            raise BenchmarkError("the server closed stdout")
        *whole, self._rest = (self._rest + data).split(b"\n")
        return whole

    def received(self) -> Iterator[tuple[int, bytes]]:
        for line in self.lines():
            found = ID.search(line[:PLACES_OF_THE_ID]) or ID.search(line[-PLACES_OF_THE_ID:])
            if found:
                yield int(found[1]), line

    def shake_hands(self) -> None:
        """As a client of 2025-11-25 does."""
        self.write(INITIALIZE)
        while not (lines := self.lines()):
            pass
        if "result" not in read(lines[0]):
            raise BenchmarkError(f"initialize was answered with {lines[0][:200]!r}")
        self.write(INITIALIZED)
