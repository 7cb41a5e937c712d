"""Running a command's coroutine, and being done when it is over whatever tool code does."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import click

from toolyard.cli.left_behind import LeftBehind

Result = TypeVar("Result")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]

PATIENCE = 0.5
"""Seconds that whatever still runs has to end once the command is over; handlers had theirs before."""
TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT


def run(main: Coroutine[Any, Any, Result], loop_factory: LoopFactory | None = None) -> Result:
    """Run `main`; SIGTERM and Ctrl-C cancel it. A task that refuses to end keeps neither the caller nor the process."""
    runner = asyncio.Runner(loop_factory=loop_factory)
    try:
        return runner.run(_until_terminated(main))
    except asyncio.CancelledError:
        sys.exit(TERMINATED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        if runner.run(_stubborn()):
            click.get_current_context().ensure_object(LeftBehind).tasks = True
        else:
            runner.close()


async def _until_terminated(main: Coroutine[Any, Any, Result]) -> Result:
    task = asyncio.ensure_future(main)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


@contextmanager
def first_sigterm() -> Generator[asyncio.Event]:
    """The event that the first SIGTERM sets meanwhile, instead of cancelling; the second one cancels."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    task = cast("asyncio.Task[Any]", asyncio.current_task())

    def ask() -> None:
        asked.set()
        loop.add_signal_handler(signal.SIGTERM, task.cancel)

    loop.add_signal_handler(signal.SIGTERM, ask)
    try:
        yield asked
    finally:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)


async def _stubborn() -> bool:
    """Whether any task goes on after it was cancelled."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    return bool(left and (await asyncio.wait(left, timeout=PATIENCE))[1])
