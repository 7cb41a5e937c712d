"""Running a command's coroutine, and ending the process when it is over whatever tool code does."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]

PATIENCE = 2.0
"""Seconds that whatever still runs has to end once the command is over."""
TERMINATED = 128 + signal.SIGTERM


def run(main: Coroutine[Any, Any, Result], loop_factory: LoopFactory | None = None) -> Result:
    """Run `main`; SIGTERM and Ctrl-C cancel it. A task that refuses to end does not keep the process."""
    runner = asyncio.Runner(loop_factory=loop_factory)
    try:
        return runner.run(_until_terminated(main))
    except asyncio.CancelledError:
        sys.exit(TERMINATED)
    finally:
        if runner.run(_stubborn()):
            logging.shutdown()
            sys.stdout.flush()
            os._exit(TERMINATED)
        runner.close()


async def _until_terminated(main: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.ensure_future(main)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def _stubborn() -> bool:
    """Whether any task goes on after it was cancelled."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    return bool(left and (await asyncio.wait(left, timeout=PATIENCE))[1])
