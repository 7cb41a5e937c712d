"""Running one handler, and being back by its deadline whatever the handler does.

This file uses asyncio and not anyio: a structured scope waits for its children, and here a child that refuses to end
must be walked away from.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import sys
from collections.abc import Awaitable, Coroutine
from typing import Any, Literal, Protocol

import anyio
from msgspec import structs

from toolyard_kernel.calls.context import Delivered, Report, ToolContext
from toolyard_kernel.calls.workers import Job, Workers
from toolyard_kernel.errors import DeadlineExceeded, ToolError
from toolyard_kernel.tools.tool import Handler

Mode = Literal["async", "thread", "inline"]

LOOK = 4.0
"""Seconds between two looks at a call that goes on: one that reported nothing since the last is reported to go on.

A report can come right after a look, so a client hears nothing for two of them at most; it is promised ten seconds.
"""
NUDGE = 1e-6

GRACE = 1.0
"""Seconds a cancelled handler has to clean up before it is left behind."""

log = logging.getLogger("toolyard")


class Runnable(Protocol):
    """What running a handler needs; `name` is how messages call it."""

    @property
    def name(self) -> str: ...
    @property
    def handler(self) -> Handler: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def workers(self) -> Workers: ...


def mode_of(handler: Handler, *, inline: bool = False) -> Mode:
    """How `handler` runs: on the event loop, or, when it may block, in a worker thread."""
    called = getattr(handler, "__call__", None)  # noqa: B004 - whether it is a coroutine function, not whether it is there
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(called):
        return "async"
    return "inline" if inline else "thread"


async def run(entry: Runnable, arguments: Any, ctx: ToolContext, deadline: float) -> Any:
    """What the handler returns.

    Raises:
        DeadlineExceeded: it was still running after `deadline` seconds.
        asyncio.CancelledError: the caller is gone.
        Exception: what the handler raised.
    """
    if entry.mode == "inline":
        ctx.state.progress = math.inf  # while it holds the loop, no report of it could be delivered
        return _called(entry.handler, arguments, ctx)
    job = Job(lambda: None)
    work = _in_thread(entry, arguments, ctx, job) if entry.mode == "thread" else entry.handler(arguments, ctx)
    loop = asyncio.get_running_loop()
    bell = _Bell(loop)
    task = _begun(_rung(work, bell), loop)
    in_time = False
    try:
        in_time = await _ended(task, bell, ctx, deadline)
    finally:
        if not in_time:
            ctx.state.cancelled = True
            await _stop(task, entry)
    if in_time:
        return _result(task)
    waited = " while it waited for a worker thread: earlier calls still hold them all"
    raise DeadlineExceeded(
        f"{ctx.tool!r} timed out: it did not end within {deadline:g}s" + ("" if _began(entry, job) else waited)
    )


def _begun(work: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
    """A task that has run to its first wait, where Python can do that; a handler that never waits has ended then."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)


class _Bell:
    """Wakes who waits for a handler in the step in which it ends; a task's own callbacks come a turn of the loop later.

    That turn costs a call as much as its records do.
    """

    __slots__ = ("_heard", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._heard: asyncio.Future[None] | None = None

    def ring(self) -> None:
        if self._heard is not None and not self._heard.done():
            self._heard.set_result(None)

    async def heard(self, seconds: float) -> None:
        """Return when it rings, or after `seconds`."""
        self._heard = self.loop.create_future()
        timer = self.loop.call_later(seconds, self.ring)
        try:
            await self._heard
        finally:
            timer.cancel()


async def _rung(work: Awaitable[Any], bell: _Bell) -> Any:
    try:
        return await work
    except (Exception, asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:  # asyncio would end the whole server with a SystemExit
        raise _contained(error) from error
    finally:
        bell.ring()


async def _ended(task: asyncio.Task[Any], bell: _Bell, ctx: ToolContext, deadline: float) -> bool:
    """Whether the handler ends in time; meanwhile a caller that listens hears that it goes on."""
    now = bell.loop.time
    began = now()
    while not task.done() and (left := began + deadline - now()) > 0:
        reported = ctx.state.progress
        await bell.heard(min(left, LOOK))
        if left > LOOK and ctx.state.progress == reported and not task.done():
            await _say_that_it_goes_on(ctx, now() - began)
    return task.done()


async def _say_that_it_goes_on(ctx: ToolContext, seconds: float) -> None:
    nudge = max(ctx.state.progress, 0.0) + NUDGE  # MCP asks for values that grow; the handler's own stay ahead of it
    try:
        async with asyncio.timeout(GRACE):
            await ctx.progress(nudge, message=f"still running after {seconds:.0f}s")
    except Exception as error:  # noqa: BLE001 - a caller that cannot be reached is found out when it is answered
        log.debug("no progress could be reported: %s", error)


def _began(entry: Runnable, job: Job) -> bool:
    return entry.mode != "thread" or job.started


def _result(task: asyncio.Task[Any]) -> Any:
    if task.cancelled():
        raise ToolError("the handler cancelled itself")
    error = task.exception()
    if error is not None and not isinstance(error, Exception):  # a GeneratorExit would end the whole server too
        raise _contained(error) from error
    return task.result()


async def _in_thread(entry: Runnable, arguments: Any, ctx: ToolContext, job: Job) -> Any:
    heard = structs.replace(ctx, report=_from_thread(ctx.report, asyncio.get_running_loop()))
    job.call = lambda: _called(entry.handler, arguments, heard)
    result = await entry.workers.run(job)
    return await result if inspect.isawaitable(result) else result


def _called(handler: Handler, arguments: Any, ctx: ToolContext) -> Any:
    try:
        return handler(arguments, ctx)
    except StopIteration as error:  # it cannot cross a future
        raise _contained(error) from error
    except Exception:
        raise
    except BaseException as error:  # an end of the process, or a cancellation that nobody asked for
        raise _contained(error) from error


def _contained(error: BaseException) -> ToolError:
    return ToolError(f"the handler raised {type(error).__name__}: {error}")


def _from_thread(report: Report, loop: asyncio.AbstractEventLoop) -> Report:
    """Progress from a worker thread: blocks the thread, not the loop, until the report is delivered."""

    def deliver(value: float, total: float | None, message: str | None) -> Awaitable[None]:
        async def on_loop() -> None:
            await report(value, total, message)

        if _runs_on(loop):  # the handler returned an awaitable: to wait for the loop on the loop would never end
            return report(value, total, message)
        asyncio.run_coroutine_threadsafe(on_loop(), loop).result()
        return Delivered()

    return deliver


def _runs_on(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


async def _stop(task: asyncio.Task[Any], entry: Runnable) -> None:
    entry.workers.keep(task)
    task.cancel()
    with anyio.CancelScope(shield=True):
        await asyncio.wait({task}, timeout=GRACE)
    if not task.done():
        log.warning("%r was cancelled and did not end within %gs; it is left behind", entry.name, GRACE)
