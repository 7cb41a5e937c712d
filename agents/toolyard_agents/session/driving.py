"""Taking a run to its end, however it ends: one last event, a valid history, nothing left running."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import EventType
from toolyard_agents.results import ENDS, STATUS, RunResult
from toolyard_agents.session.failures import first_of
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.to_its_end import to_its_end
from toolyard_kernel.errors import ToolyardError

CancelCheck = Callable[[], "bool | Awaitable[bool]"]
"""Says whether the run should end; it is asked a few times a second, and must not block."""

LOOK = 0.1
"""Seconds between two looks at `cancel_check`."""
GRACE = 2.0
"""Seconds a run has to end once it is stopped; the gate gives each handler one of them."""

LAST: dict[EndStatus, EventType] = {status: event for event, status in ENDS.items()}

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Drives one run. It is cancelled by its token, by `cancel_check`, and with the task that drives it."""

    run: Run
    token: CancellationToken
    cancel_check: CancelCheck | None = None

    async def to_the_end(self) -> RunResult:
        """The result, whatever the run came to.

        Raises:
            asyncio.CancelledError: the task was cancelled; the run has ended, and the state says so.
        """
        self.run.state.begin_run(self.run.emitter.run_id)
        work = asyncio.create_task(self.run.go(), name=f"toolyard-run-{self.run.emitter.run_id}")
        forget = self.token.listen(_canceller(work))
        watching = asyncio.create_task(self._watch()) if self.cancel_check else None
        try:
            return await to_its_end(self._ended(work), self._task_cancelled)
        finally:
            forget()
            if watching:
                watching.cancel()

    def _task_cancelled(self) -> None:
        self.token.cancel("the task that drove the run was cancelled")

    async def _ended(self, work: asyncio.Task[Stop]) -> RunResult:
        stopped = asyncio.Event()
        forget = self.token.listen(_setter(stopped))
        waiting = asyncio.create_task(stopped.wait())
        try:
            wall_time = self.run.spending.wall_time
            await self._first_of(work, waiting)
            late = not work.done() and not stopped.is_set()
            if not work.done():
                work.cancel()
                await asyncio.wait({work}, timeout=GRACE)
            if not work.done():
                self.token.cancel("the run did not end")  # what goes on all the same takes no further step
            if late:
                stopped.set()
            return await self._result(self._stop(work, wall_time if late else None), stopped)
        finally:
            forget()
            waiting.cancel()

    async def _first_of(self, *tasks: asyncio.Task[Any]) -> None:
        """Wait for one of them, or until the run's time is up, which stands still while the run is paused."""
        while True:
            left = self.run.spending.wall_time
            timeout = left if left is None or not self.run.control.pause.holds else max(left, LOOK)
            done, _ = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if done or not left:
                return

    def _stop(self, work: asyncio.Task[Stop], late: float | None) -> Stop:
        """What the work came to; `late` is how many seconds it had, if it took longer."""
        if work.done() and not work.cancelled() and work.exception() is None:
            return work.result()  # it ended by itself, whatever was asked of it in the same moment
        if late is not None:
            return Stop("timeout", f"the run did not end within {late:g}s")
        if self.token.is_cancelled():
            return Stop("cancelled", self.token.reason)
        failed = None if work.cancelled() else work.exception()
        error = None if failed is None else first_of(failed)
        if isinstance(error, ToolyardError):
            return Stop("error", str(error))
        if error is None:
            return Stop("cancelled", "the run cancelled itself")
        log.error("run %s failed", self.run.emitter.run_id, exc_info=error)
        return Stop("error", f"{type(error).__name__}: {error}")

    async def _result(self, stop: Stop, stopped: asyncio.Event) -> RunResult:
        run, status = self.run, STATUS[stop.reason]
        run.control.close()
        self._keep_what_came()
        run.state.end_run(status)
        await self._tell_the_end(stop, status, stopped)
        return RunResult(
            text=stop.text if status == "completed" else run.turn.text,
            events=run.emitter.events,
            status=status,
            used=run.spending.usage,
            run_id=run.emitter.run_id,
            stop_reason=stop.reason,
            messages=run.state.messages,
            final_state=run.state if run.final is None else run.final,
        )

    async def _tell_the_end(self, stop: Stop, status: EndStatus, stopped: asyncio.Event) -> None:
        """Whoever hears of it may take its time, unless the run was stopped."""
        usage = self.run.spending.usage.to_dict()
        about = {"stop_reason": stop.reason}
        last_word = self.run.emitter.emit(LAST[status], content=stop.text, usage=usage, tool_metadata=about)
        telling = asyncio.create_task(last_word)
        stop_waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({telling, stop_waiting}, return_when=asyncio.FIRST_COMPLETED)
        stop_waiting.cancel()
        await asyncio.wait({telling}, timeout=GRACE)
        if telling.cancel():
            log.error("run %s: whoever hears its events did not take its end in time", self.run.emitter.run_id)
            await asyncio.wait({telling}, timeout=GRACE)

    def _keep_what_came(self) -> None:
        """The part of an answer that broke off, if the disk has room for it: the run ends all the same."""
        turn = self.run.turn
        if not turn.text or turn.kept:
            return
        try:
            self.run.state.add_assistant_message(turn.text)
        except (ToolyardError, OSError):
            log.exception("what run %s had of its answer could not be kept", self.run.emitter.run_id)

    async def _watch(self) -> None:
        while self.cancel_check and not self.token.is_cancelled():
            try:
                said = self.cancel_check()
                if inspect.isawaitable(said):
                    said = await said
            except Exception:
                log.exception("cancel_check failed: the run is cancelled, since nobody could stop it")
                said = True
            if said:
                self.token.cancel("cancel_check said so")
            await asyncio.sleep(LOOK)


def _canceller(work: asyncio.Task[Stop]) -> Callable[[str], None]:
    loop = asyncio.get_running_loop()

    def cancel(reason: str) -> None:
        loop.call_soon_threadsafe(work.cancel)

    return cancel


def _setter(event: asyncio.Event) -> Callable[[str], None]:
    loop = asyncio.get_running_loop()

    def set_it(reason: str) -> None:
        loop.call_soon_threadsafe(event.set)

    return set_it
