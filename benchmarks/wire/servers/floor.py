"""The floor: what parsing and answering the same JSON costs when nothing is checked, decided or recorded."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from benchmarks.wire.servers.catalogue import DESCRIPTION, SCHEMA, choice, names

SESSION = b"00000000000000000000000000000000"
ABOUT = {"name": "floor", "version": "1"}
STAMP = {"io.modelcontextprotocol/serverInfo": ABOUT}
JSON_TYPE = (b"content-type", b"application/json")

Message = dict[str, Any]


class Floor:
    """Answers of both eras; those of 2026-07-28 have its marks."""

    def __init__(self, tools: int) -> None:
        self._tools = [{"name": name, "description": DESCRIPTION, "inputSchema": SCHEMA} for name in names(tools)]

    def answer(self, asked: Message) -> Message | None:
        method = asked["method"]
        if method == "tools/call":
            return self._answered(asked, {"content": [_text(asked["params"]["arguments"]["text"])], "isError": False})
        if method == "tools/list":
            return self._answered(asked, {"tools": self._tools}, ttlMs=0, cacheScope="private")
        if method == "initialize":
            return self._answered(
                asked, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": ABOUT}
            )
        return None

    def _answered(self, asked: Message, result: Message, **modern: Any) -> Message:
        if "_meta" in asked.get("params", {}):
            result = {**result, **modern, "resultType": "complete", "_meta": STAMP}
        return {"jsonrpc": "2.0", "id": asked["id"], "result": result}


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


def http(floor: Floor) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            event = await receive()
            body += event["body"]
            more = event["more_body"]
        answer = floor.answer(json.loads(body))
        written = b"" if answer is None else json.dumps(answer, separators=(",", ":")).encode()
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(written)), (b"mcp-session-id", SESSION)]
        await send({"type": "http.response.start", "status": 200 if written else 202, "headers": headers})
        await send({"type": "http.response.body", "body": written})

    return app


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def stdio(floor: Floor) -> None:
    """A bare loop: one line in, one line out, in the process's own task."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    while line := await reader.readline():
        answer = floor.answer(json.loads(line))
        if answer is not None:
            transport.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    given = choice()
    if given.http:
        from benchmarks.wire.servers import asgi  # uvicorn is no part of the floor over stdio

        asgi.serve(http(Floor(given.tools)))
    else:
        asyncio.run(stdio(Floor(given.tools)))
