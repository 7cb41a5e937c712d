"""What the conformance suites send, written down: `traffic.jsonl`, each request that is not like another one.

Usage: python -m tests.conformance.recording

It runs the suites that `make conformance` installs. An id stands for no other than itself: requests that differ in
nothing else are one.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conformance import node
from tests.conformance.fixture import runtime_of, say, with_logging
from tests.conformance.suites import suites
from toolyard.mcp import asgi_app

TRAFFIC = Path(__file__).parent / "traffic.jsonl"
OF_THE_CONNECTION = frozenset(
    {"host", "connection", "content-length", "user-agent", "accept-encoding", "accept-language", "sec-fetch-mode"}
)
SESSION = "the session"
"""Stands for the id of whatever session a server gave."""


class Recording:
    """Passes requests on to `app`, and adds each POST to a file."""

    def __init__(self, app: ASGIApp, file: Path) -> None:
        self._app = app
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def heard() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await self._app(scope, heard, send)
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
            with self._file.open("a") as file:
                file.write(json.dumps({"headers": headers, "body": body.decode("latin-1")}) + "\n")


async def serve(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        say(f"http://127.0.0.1:{door.getsockname()[1]}/mcp")
        app = Recording(asgi_app(runtime_of(), name="toolyard-conformance", extend=with_logging), file)
        await uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none")).serve(sockets=[door])


def different(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for line in lines:
        said = json.loads(line)
        headers = [(name, value) for name, value in said["headers"] if name not in OF_THE_CONNECTION]
        told = [[name, SESSION if name == "mcp-session-id" and len(value) == 32 else value] for name, value in headers]
        key = json.dumps([told, _without_id(said["body"])])
        if key not in seen:
            seen.add(key)
            yield {"headers": told, "body": said["body"]}


def _without_id(body: str) -> Any:
    try:
        message: Any = json.loads(body)
    except ValueError:
        return body
    return {**cast("dict[str, Any]", message), "id": "id" in message} if isinstance(message, dict) else message


def main() -> None:
    node.set_up()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "traffic"
        for number, suite in enumerate(suites()):
            folder = Path(name) / str(number)
            folder.mkdir()
            command = [sys.executable, "-m", "tests.conformance.recording", str(file)]
            with subprocess.Popen(command, cwd=node.ROOT, stdout=subprocess.PIPE) as server:
                assert server.stdout
                suite.run(server.stdout.readline().decode().strip(), folder)
                server.terminate()
        with file.open() as lines:
            kept = [json.dumps(each) + "\n" for each in different(lines)]
    TRAFFIC.write_text("".join(kept))
    say(f"{len(kept)} requests in {TRAFFIC.name}")


if __name__ == "__main__":
    anyio.run(serve, Path(sys.argv[1])) if sys.argv[1:] else main()
