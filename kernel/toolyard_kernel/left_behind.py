"""Tasks that nobody waits for any more: cancelled, and walked away from."""

from __future__ import annotations

import asyncio
from typing import Any

_tasks: set[asyncio.Future[Any]] = set()  # asyncio itself keeps only weak references to tasks


def leave_behind(task: asyncio.Future[Any]) -> None:
    """Cancel `task`, whether it heeds that or not; what it still raises is nobody's business."""
    _tasks.add(task)
    task.add_done_callback(_ended)
    task.cancel()


def _ended(task: asyncio.Future[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled():
        task.exception()  # an exception that nobody looked at would be reported as lost
