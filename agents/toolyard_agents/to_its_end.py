"""Work that is finished, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

log = logging.getLogger("toolyard")


async def to_its_end(work: Coroutine[Any, Any, T], cancelled: Callable[[], None] | None = None) -> T:
    """What the work comes to.

    To be cancelled meanwhile, however often, is told to `cancelled`, and raised once the work has ended. Not
    `asyncio.shield`, which leaves the work behind, and not anyio's shield alone, which `Task.cancel` goes through.

    Raises:
        asyncio.CancelledError: the task that waits was cancelled; the work has ended.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        if cancelled is not None:
            cancelled()
        with anyio.CancelScope(shield=True):
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            log.debug("work that its caller left ended with %r", error)
        raise
    return task.result()
