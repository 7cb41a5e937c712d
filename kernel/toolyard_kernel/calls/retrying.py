"""Making a call again that failed in a way that passes."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from toolyard_kernel.errors import DeadlineExceeded, ToolError
from toolyard_kernel.tools.tool import Tool

FIRST = 0.1
"""Seconds before a call is made again for the first time; they double, less a random part of up to one half."""

log = logging.getLogger("toolyard")


async def retried(tool: Tool, deadline: float, attempt: Callable[[float], Awaitable[Any]]) -> Any:
    """What the first attempt comes to that does not fail, or the last; all of them have `deadline` seconds together.

    Raises:
        DeadlineExceeded: the time was over before one ended.
        ToolError: the last one failed, or one that is not retryable.
    """
    ends, failures = time.monotonic() + deadline, 0
    while True:
        try:
            return await attempt(ends - time.monotonic())
        except ToolError as error:
            failures += 1
            wait = _wait(error, failures)
            if not error.retryable or failures > tool.retries or time.monotonic() + wait >= ends:
                raise
            log.info("%r failed and is tried again in %.1fs", tool.name, wait)
        except DeadlineExceeded as error:
            if not failures:
                raise
            attempts = f"{failures + 1} attempts did not end within {deadline:g}s"
            raise DeadlineExceeded(f"{tool.name!r} timed out: {attempts}") from error
        await anyio.sleep(wait)


def _wait(error: ToolError, failures: int) -> float:
    backoff = FIRST * 2.0 ** (failures - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads out callers
    after = error.retry_after or 0.0
    return max(after, backoff) if math.isfinite(after) else backoff
