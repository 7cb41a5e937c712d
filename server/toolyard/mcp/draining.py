"""The end of an HTTP server: in good order when it is asked to, at once when it is cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import anyio
import uvicorn

from toolyard.mcp.heads import Connection, SlowHeads

GOODBYE = 1.0
"""Seconds that requests under way have to end by themselves when the server stops; then they are ended."""
HARD_END = 3
"""Seconds until connections are closed although they are still in use."""
LOOK = 0.05
"""Seconds between two looks at the calls under way."""
TICKS = 10
"""Between two looks at the connections; uvicorn has ten in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Once `asked` is set nobody else comes in, and calls under way have `seconds` to end."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    seconds: float = 0.0


class DrainedServer(uvicorn.Server):
    """uvicorn without signal handlers of its own: those are the program's, which asks for a drain or cancels."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._slow_heads = SlowHeads()

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            self._slow_heads.look(cast("set[Connection]", self.server_state.connections))
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def serve_until_stopped(
    server: DrainedServer,
    door: socket.socket,
    drain: Drain,
    running: Mapping[object, str],
    end_requests: Callable[[], None],
) -> None:
    """Serve until cancelled, or until `drain` is asked for. `running` holds the calls under way."""
    serving = asyncio.create_task(server.serve(sockets=[door]), name="toolyard-http")
    asked = asyncio.create_task(drain.asked.wait(), name="toolyard-drain")
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            return serving.result()
        server.should_exit = True
        await _drained(serving, drain.seconds, running)
    except asyncio.CancelledError:
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            await asyncio.wait({serving}, timeout=GOODBYE)
        raise
    finally:
        asked.cancel()
        with anyio.CancelScope(shield=True):
            end_requests()
            await asyncio.wait({serving}, timeout=HARD_END)


async def _drained(serving: asyncio.Task[None], seconds: float, running: Mapping[object, str]) -> None:
    """Return when no call is under way, or after `seconds`; streams that tell of changes are not waited for."""
    now = asyncio.get_running_loop().time
    began = now()
    while not serving.done() and now() < began + seconds:
        if not running and now() > began + GOODBYE:  # a request that was just read is no call yet
            return
        await asyncio.sleep(LOOK)
