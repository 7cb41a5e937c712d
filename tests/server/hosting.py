"""Applications served on a real port, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp

from toolyard import Tool, define_tool


@asynccontextmanager
async def hosted(app: ASGIApp, lifespan: Literal["auto", "on", "off"] = "on") -> AsyncGenerator[str]:
    """The base URL of `app`, served the way its users serve theirs."""
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan=lifespan, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class Kit:
    """A toolkit of one tool, whose life a test describes; `events` tells what became of it."""

    def __init__(self, name: str, life: Any = None) -> None:
        self.name = name
        self.events: list[str] = []
        self._life = life

    def tools(self) -> list[Tool]:
        empty = {"type": "object"}
        return [define_tool(name=f"{self.name}_tool", description="", input_schema=empty, handler=lambda a, c: "here")]

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        self.events.append("opens")
        if self._life:
            async with self._life():
                yield
        else:
            yield
        self.events.append("closed")
