"""A run as a stream of what happens in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import AgentEvent
from toolyard_agents.to_its_end import to_its_end

if TYPE_CHECKING:
    from toolyard_agents.results import RunResult
    from toolyard_agents.session.emitting import OnEvent

Item = TypeVar("Item")
Deliver = Callable[[Item], Awaitable[None]]
"""Hands an item to the reader of the stream, and returns once the reader has it."""

log = logging.getLogger("toolyard")

ENDING = 5.0
"""Seconds that a run has to end once its stream was left."""


async def streamed(start: Callable[[Deliver[Item], CancellationToken], Awaitable[object]]) -> AsyncGenerator[Item]:
    """What `start` delivers, as it comes: a slow reader slows it down, and one that leaves cancels its token.

    Raises whatever `start` raises, after all that it delivered.
    """
    send, receive = anyio.create_memory_object_stream[Item](0)
    token = CancellationToken()

    async def deliver(item: Item) -> None:
        try:
            await send.send(item)
        except anyio.BrokenResourceError:
            token.cancel("the stream of the run was left")

    async def run() -> None:
        with send:
            await start(deliver, token)

    running = asyncio.create_task(run(), name="toolyard-stream")
    try:
        with receive:
            async for item in receive:
                yield item
        await asyncio.wait({running})
        if not running.cancelled():  # which only ends the stream: its reader was not cancelled
            running.result()
    finally:
        token.cancel("the stream of the run was left")
        await to_its_end(_ended(running))


async def _ended(running: asyncio.Task[None]) -> None:
    await asyncio.wait({running}, timeout=ENDING)
    if running.cancel():
        await asyncio.wait({running}, timeout=ENDING)
    if running.done() and not running.cancelled() and (error := running.exception()):
        log.debug("a run whose stream was left ended with %r", error)


StreamEvent = dict[str, Any]
Start = Callable[["OnEvent", CancellationToken], Awaitable["RunResult"]]
"""Starts a run that tells its events, and ends with the token."""

SLOWER = 0.8
"""What each step leaves of the way that is left: how many steps there will be, nobody knows before the end."""


async def run_stream(start: Start) -> AsyncGenerator[StreamEvent]:
    """A run as trace events, updates of its progress, and, at the end, once, its result.

    Raises whatever `start` raises.
    """
    left = 100.0

    async def tell(deliver: Deliver[StreamEvent], token: CancellationToken) -> None:
        async def hear(event: AgentEvent) -> None:
            nonlocal left
            await deliver({"type": "trace_event", "data": event.to_dict()})
            if event.type == "step_start" and event.parent_run_id is None:
                left *= SLOWER
                await deliver({"type": "progress_update", "data": {"progress_percent": round(100 - left, 1)}})

        result = await start(hear, token)
        await deliver({"type": "progress_update", "data": {"progress_percent": 100.0}})
        await deliver({"type": "result", "result": result})

    async with aclosing(streamed(tell)) as stream:
        async for event in stream:
            yield event
