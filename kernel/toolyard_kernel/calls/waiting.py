"""Waiting for somebody's answer, and for nothing that answer may leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Said = TypeVar("Said")


async def in_time(said: Awaitable[Said], deadline: float, farewell: float = 0.0) -> Said:
    """What is answered within `deadline` seconds; who is late has `farewell` more to take leave, not to answer.

    Not `asyncio.wait_for` or `anyio.fail_after`: they wait for one that ignores its cancellation, and take its late
    answer.

    Raises:
        TimeoutError: nothing was.
        RuntimeError: it cancelled itself.
    """
    task = asyncio.ensure_future(_answered(said))
    task.add_done_callback(_heard)
    try:
        await asyncio.wait({task}, timeout=deadline)
    finally:
        task.cancel()
    if not task.done():
        if farewell:
            await asyncio.wait({task}, timeout=farewell)
        raise TimeoutError
    if task.cancelled():
        raise RuntimeError("who was asked cancelled itself")
    return task.result()


async def _answered(said: Awaitable[Said]) -> Said:
    try:
        return await said
    except SystemExit as error:  # asyncio would end the whole server with it
        raise RuntimeError(f"who was asked raised SystemExit: {error}") from error


def _heard(task: asyncio.Future[Said]) -> None:
    if not task.cancelled():
        task.exception()  # it may come too late to matter; asyncio would report an exception nobody looked at
