"""HTTP requests written by hand, for what no client would send."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.server.yards import DEADLINE, MODERN

Headers = Sequence[tuple[str, str]]
"""In the order they are sent; a name may stand twice."""

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
JSON: Headers = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def message(self) -> Any:
        """The JSON-RPC message in the body, whether it came as JSON or as an event."""
        text = self.body
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            text = next(line for line in text.splitlines() if line.startswith("data: {")).removeprefix("data: ")
        return json.loads(text)


def exchange(port: int, request_line: str, headers: Headers, body: bytes = b"", *, host: str = "127.0.0.1") -> Answer:
    """Send exactly these bytes; the connection is closed after the answer."""
    head = "".join(f"{line}\r\n" for line in (request_line, *(f"{name}: {value}" for name, value in headers)))
    with socket.create_connection((host, port), timeout=DEADLINE) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode("latin-1") + body)
        return read_answer(connection)


@contextmanager
def begun(port: int, tool: str, session: Headers = ()) -> Generator[None]:
    """A call of a tool that has reported its first progress, and goes on while this is open."""
    message, headers = modern("tools/call", {"name": tool}), session or modern_headers("tools/call", tool)
    message["params"]["_meta"]["progressToken"] = "p"
    if session:
        message["params"]["_meta"] = {"progressToken": "p"}
    body = json.dumps(message).encode()
    lines = [f"{name}: {value}\r\n" for name, value in (("Host", "localhost"), *JSON, *headers)]
    head = f"POST /mcp HTTP/1.1\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        connection.sendall(head.encode() + body)
        seen = b""
        while b"notifications/progress" not in seen:
            received = connection.recv(4096)
            assert received, seen
            seen += received
        yield


def read_answer(connection: socket.socket) -> Answer:
    with http.client.HTTPResponse(connection) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=headers, body=response.read().decode())


def post(port: int, message: object, *headers: tuple[str, str], host: str | None = "localhost") -> Answer:
    """A POST of one message; headers given here come after the usual ones."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    named = (("Host", host),) if host is not None else ()
    return exchange(port, "POST /mcp HTTP/1.1", (*named, *JSON, ("Content-Length", str(len(body))), *headers), body)


def modern(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request of 2026-07-28, in its envelope."""
    about = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**(params or {}), "_meta": about}}


def modern_headers(method: str, name: str | None = None) -> Headers:
    return (
        ("MCP-Protocol-Version", MODERN),
        ("Mcp-Method", method),
        *((("Mcp-Name", name),) if name is not None else ()),
    )


def post_modern(port: int, method: str, params: dict[str, Any] | None = None, *headers: tuple[str, str]) -> Answer:
    name = (params or {}).get("name") or (params or {}).get("uri")
    return post(port, modern(method, params), *modern_headers(method, name), *headers)
