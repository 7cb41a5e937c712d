"""Worker threads for the blocking handlers of one toolkit.

The standard executors and anyio's threads are joined when the interpreter ends, so that one handler that never
returns keeps the process alive. These are daemon threads, and a thread that outlives its call keeps its slot until it
really ends, so that a toolkit can never pile up more than `cap` of them.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

IDLE_SECONDS = 10.0
DEFAULT_CAP = 16


@dataclass(slots=True)
class Job:
    """One blocking call. `started` tells a call that waited for a thread from one that ran too long."""

    call: Callable[[], Any]
    started: bool = False


class Workers:
    """At most `cap` threads; a call waits for a free one."""

    def __init__(self, cap: int = DEFAULT_CAP) -> None:
        self._slots = asyncio.Semaphore(cap)
        self._idle: deque[_Worker] = deque()
        self._left_behind: set[asyncio.Task[Any]] = set()

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold on to a task that refuses to end: asyncio itself keeps only weak references."""
        self._left_behind.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._left_behind.discard(task)
        if not task.cancelled():
            task.exception()  # its call was answered long ago; asyncio would report an exception nobody looked at

    async def run(self, job: Job) -> Any:
        """Run `job.call` in a thread. When this is cancelled the thread goes on, and keeps its slot until it ends."""
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def settle(result: Any, error: BaseException | None) -> None:
            self._slots.release()
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def report(result: Any, error: BaseException | None) -> None:
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                return  # the event loop closed while the thread was still at work

        try:
            worker = self._thread()
        except RuntimeError:  # the system has no more threads
            self._slots.release()
            raise
        job.started = True
        worker.inbox.put((context, job.call, report))
        return await future

    def _thread(self) -> _Worker:
        if self._idle:
            return self._idle.pop()
        worker = _Worker(self._idle)
        worker.start()
        return worker


Report = Callable[[Any, BaseException | None], None]


class _Worker(Thread):
    """A daemon thread that ends by itself when it has been idle for a while."""

    def __init__(self, idle: deque[_Worker]) -> None:
        super().__init__(daemon=True, name="toolyard-worker")
        self.inbox: SimpleQueue[tuple[contextvars.Context, Callable[[], Any], Report]] = SimpleQueue()
        self._idle = idle

    def run(self) -> None:
        while True:
            try:
                context, call, report = self.inbox.get(timeout=IDLE_SECONDS)
            except Empty:
                try:
                    self._idle.remove(self)
                except ValueError:
                    continue  # it was just taken from the idle ones: a job is on its way
                return
            self._work(context, call, report)
            del context, call, report

    def _work(self, context: contextvars.Context, call: Callable[[], Any], report: Report) -> None:
        result, error = None, None
        try:
            result = context.run(call)
        except BaseException as raised:  # noqa: BLE001 - whatever a handler raises belongs to its caller
            error = raised
        self._idle.append(self)
        report(result, error)
