"""A run as a stream of what happens in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import anyio

from toolyard_agents.cancellation import CancellationToken

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
        await running
    finally:
        token.cancel("the stream of the run was left")
        with anyio.CancelScope(shield=True):
            await _ended(running)


async def _ended(running: asyncio.Task[None]) -> None:
    await asyncio.wait({running}, timeout=ENDING)
    if running.cancel():
        await asyncio.wait({running}, timeout=ENDING)
    if running.done() and not running.cancelled() and (error := running.exception()):
        log.debug("a run whose stream was left ended with %r", error)
