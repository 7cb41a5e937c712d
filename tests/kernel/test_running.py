"""A call is back by its deadline, whatever its handler does."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from tests.kernel.door import SAFE, act, open_door, profile_of
from toolyard_kernel.calls import running, workers
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import Outcome
from toolyard_kernel.calls.workers import DEFAULT_CAP
from toolyard_kernel.tools.tool import Handler, Tool

pytestmark = pytest.mark.anyio

SOON = profile_of(limits={"timeout": "50ms"})
"""A deadline that a test waits for."""


class Blocking:
    """A sync handler that ends when it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.began, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        self.most = 0
        self._lock = threading.Lock()
        self._now = 0

    def __call__(self, arguments: Any, ctx: ToolContext) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.began.release()
        self.release.wait(SAFE)
        with self._lock:
            self._now -= 1
        self.ended.release()
        return "released"


async def passed(semaphore: threading.Semaphore, times: int) -> None:
    for _ in range(times):
        assert await asyncio.to_thread(semaphore.acquire, timeout=SAFE)


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    handler = Blocking()
    yield handler
    handler.release.set()


class WorkerThreads:
    """The worker threads that were started after this was made; each ends as soon as it is idle."""

    def __init__(self, before: set[threading.Thread]) -> None:
        self._before = before

    def alive(self) -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t.name == "toolyard-worker" and t not in self._before]

    def end(self) -> None:
        for thread in self.alive():
            thread.join(SAFE)
        assert self.alive() == []


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> WorkerThreads:
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.0)
    return WorkerThreads(set(threading.enumerate()))


async def never(arguments: Any, ctx: ToolContext) -> None:
    await asyncio.Event().wait()


async def test_an_async_handler_is_cancelled_at_its_deadline(tmp_path: Path) -> None:
    contexts: list[ToolContext] = []
    ends: list[str] = []

    async def wait(arguments: Any, ctx: ToolContext) -> None:
        contexts.append(ctx)
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    door = open_door(tmp_path, act(wait))
    outcome = await door.call("act", profile=SOON)
    assert (outcome.status, outcome.text) == ("timeout", "'act' timed out: it did not end within 0.05s")
    assert (ends, contexts[0].cancelled) == (["cancelled"], True)
    assert door.events() == [("start", None), ("end", "timeout")]
    assert door.records()[1]["error"] == outcome.text


@pytest.mark.parametrize(("tool_timeout", "deadline"), [(None, 0.05), (0.02, 0.02), (99, 0.05)])
async def test_the_shorter_of_tool_and_profile_is_the_deadline(
    tmp_path: Path, tool_timeout: float | None, deadline: float
) -> None:
    outcome = await open_door(tmp_path, act(never, timeout=tool_timeout)).call("act", profile=SOON)
    assert outcome.text == f"'act' timed out: it did not end within {deadline}s"


async def test_a_handler_that_swallows_its_cancellation_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "GRACE", 0.02)
    done, ended = asyncio.Event(), asyncio.Event()
    lost: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: lost.append(context))
    loop.call_later(SAFE, done.set)

    async def stubborn(arguments: Any, ctx: ToolContext) -> None:
        while not done.is_set():
            try:
                await done.wait()
            except asyncio.CancelledError:
                continue
        ended.set()
        raise ValueError("nobody hears this")

    door = open_door(tmp_path, act(stubborn))
    outcome = await door.call("act", profile=SOON)
    assert outcome.status == "timeout"
    assert "'act' was cancelled and did not end within 0.02s; it is left behind" in caplog.text
    gc.collect()
    assert not ended.is_set()
    done.set()
    await ended.wait()
    await checkpoint()
    gc.collect()
    assert lost == []


async def test_what_a_handler_raises_when_it_is_cancelled_is_not_reported_as_lost(tmp_path: Path) -> None:
    lost: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: lost.append(context))

    async def untidy(arguments: Any, ctx: ToolContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while cleaning up")

    outcome = await open_door(tmp_path, act(untidy)).call("act", profile=SOON)
    gc.collect()
    assert (outcome.status, lost) == ("timeout", [])


async def test_a_handler_that_ends_as_its_caller_leaves_is_cancelled_all_the_same(tmp_path: Path) -> None:
    lost: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: lost.append(context))

    async def leave(arguments: Any, ctx: ToolContext) -> None:
        await checkpoint()  # a handler that never waits has ended before its caller can leave
        call.cancel()
        raise ValueError("at the same time")

    door = open_door(tmp_path, act(leave))
    call = asyncio.create_task(door.call("act"))
    with pytest.raises(asyncio.CancelledError):
        await call
    await checkpoint()
    gc.collect()
    assert (door.events(), lost) == ([("start", None), ("end", "cancelled")], [])


async def test_a_sync_handler_is_answered_for_at_its_deadline_and_told_to_stop(tmp_path: Path) -> None:
    stopped = threading.Event()

    def poll(arguments: Any, ctx: ToolContext) -> None:
        look_again = threading.Event()
        while not ctx.cancelled:
            look_again.wait(0.001)
        stopped.set()

    outcome = await open_door(tmp_path, act(poll)).call("act", profile=SOON)
    assert (outcome.status, outcome.text) == ("timeout", "'act' timed out: it did not end within 0.05s")
    assert await asyncio.to_thread(stopped.wait, SAFE)


async def test_a_thread_keeps_its_slot_until_it_ends_and_there_is_a_cap(tmp_path: Path, blocking: Blocking) -> None:
    door = open_door(tmp_path, act(blocking), act(lambda arguments, ctx: "quick", name="quick"))
    door.gate.registry.register(act(lambda arguments, ctx: "other", name="other"), toolkit="other")
    outcomes = await asyncio.gather(*(door.call("act", profile=SOON) for _ in range(DEFAULT_CAP + 2)))
    assert {outcome.status for outcome in outcomes} == {"timeout"}
    assert sum("waited for a worker thread" in outcome.text for outcome in outcomes) == 2
    await passed(blocking.began, DEFAULT_CAP)
    assert blocking.most == DEFAULT_CAP

    outcome = await door.call("quick", profile=SOON)
    assert outcome.status == "timeout"
    assert outcome.text == (
        "'quick' timed out: it did not end within 0.05s "
        "while it waited for a worker thread: earlier calls still hold them all"
    )
    assert (await door.call("other")).text == "other"

    blocking.release.set()
    await passed(blocking.ended, DEFAULT_CAP)
    assert (await door.call("quick")).text == "quick"
    assert blocking.most == DEFAULT_CAP


async def test_a_call_waits_for_a_thread_and_then_runs(tmp_path: Path, blocking: Blocking) -> None:
    door = open_door(tmp_path, act(blocking))
    calls = [asyncio.create_task(door.call("act")) for _ in range(DEFAULT_CAP + 3)]
    await passed(blocking.began, DEFAULT_CAP)
    blocking.release.set()
    assert {(await call).text for call in calls} == {"released"}
    assert blocking.most <= DEFAULT_CAP


async def test_a_caller_who_leaves_while_waiting_for_a_thread_takes_none(tmp_path: Path, blocking: Blocking) -> None:
    ran: list[Any] = []
    door = open_door(tmp_path, act(blocking), act(lambda arguments, ctx: ran.append(arguments), name="late"))
    calls = [asyncio.create_task(door.call("act")) for _ in range(DEFAULT_CAP)]
    await passed(blocking.began, DEFAULT_CAP)
    late = asyncio.create_task(door.call("late"))
    for _ in range(3):
        await checkpoint()
    assert "late" in door.gate.running.values()
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    blocking.release.set()
    await asyncio.gather(*calls)
    assert (await door.call("act")).ok
    assert ran == []
    assert ("end", "cancelled") in door.events()


async def test_idle_worker_threads_end_and_new_ones_start(tmp_path: Path, threads: WorkerThreads) -> None:
    door = open_door(tmp_path, act(lambda arguments, ctx: threading.current_thread().name))
    for _ in range(20):
        assert (await door.call("act")).text == "toolyard-worker"
    threads.end()
    assert (await door.call("act")).ok


def test_a_thread_may_end_after_its_event_loop(tmp_path: Path, blocking: Blocking, threads: WorkerThreads) -> None:
    door = open_door(tmp_path, act(blocking))
    assert asyncio.run(door.call("act", profile=SOON)).status == "timeout"
    blocking.release.set()
    threads.end()
    assert asyncio.run(door.call("act")).text == "released"


async def test_a_system_without_threads_to_spare_loses_no_slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    door = open_door(tmp_path, act(lambda arguments, ctx: "ran"))
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", start)
        for _ in range(DEFAULT_CAP + 1):
            assert (await door.call("act")).text == "RuntimeError: can't start new thread"
    assert (await door.call("act")).text == "ran"


async def test_sync_handlers_run_beside_the_loop_inline_ones_on_it_and_both_see_its_context(tmp_path: Path) -> None:
    request = contextvars.ContextVar[str]("request")

    def where(arguments: Any, ctx: ToolContext) -> str:
        place = "on" if threading.get_ident() == loop_thread else "beside"
        return f"{place} the loop, {request.get()}"

    loop_thread = threading.get_ident()
    request.set("request 7")
    door = open_door(tmp_path, act(where), act(where, name="inline", inline=True))
    assert (await door.call("act")).text == "beside the loop, request 7"
    assert (await door.call("inline")).text == "on the loop, request 7"


async def progress_of(tool: Tool, state: Path, **options: Any) -> tuple[Outcome, list[Any]]:
    heard: list[Any] = []

    async def report(value: float, total: float | None, message: str | None) -> None:
        heard.append((value, total, message))

    return await open_door(state, tool).call(tool.name, report=report, **options), heard


GROWING = [(1, 3, "one"), (2.5, None, None)]
NO_NUMBERS = [(float(word), 9, word) for word in ("nan", "inf", "-inf")]


async def test_an_async_handler_reports_growing_progress_only(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> None:
        for value, total, message in [GROWING[0], (1, 3, "again"), (0, None, None), *NO_NUMBERS, GROWING[1]]:
            await ctx.progress(value, total, message)

    outcome, heard = await progress_of(act(work), tmp_path)
    assert (outcome.status, heard) == ("ok", GROWING)


async def test_a_total_without_end_is_no_total(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> None:
        await ctx.progress(1, float("inf"))

    assert (await progress_of(act(work), tmp_path))[1] == [(1, None, None)]


async def test_a_sync_handler_reports_growing_progress_without_awaiting(tmp_path: Path) -> None:
    def work(arguments: Any, ctx: ToolContext) -> None:
        for value, total, message in [GROWING[0], (1, 3, "again"), (0, None, None), GROWING[1]]:
            ctx.progress(value, total, message)

    outcome, heard = await progress_of(act(work), tmp_path)
    assert (outcome.status, heard) == ("ok", GROWING)


async def test_an_inline_handler_may_report_and_is_not_heard(tmp_path: Path) -> None:
    def work(arguments: Any, ctx: ToolContext) -> str:
        ctx.progress(1)
        return "done"

    outcome, heard = await progress_of(act(work, inline=True), tmp_path)
    gc.collect()
    assert (outcome.text, heard) == ("done", [])


def test_a_sync_handler_that_returns_an_awaitable_reports_without_stopping_the_loop(tmp_path: Path) -> None:
    async def work(ctx: ToolContext) -> str:
        await ctx.progress(1)
        return "done"

    answers: list[tuple[Outcome, list[Any]]] = []
    tool = act(lambda arguments, ctx: work(ctx))
    apart = threading.Thread(target=lambda: answers.append(asyncio.run(progress_of(tool, tmp_path))), daemon=True)
    apart.start()
    apart.join(SAFE)
    ((outcome, heard),) = answers
    assert (outcome.text, heard) == ("done", [(1, None, None)])


async def test_nothing_is_reported_after_the_deadline(tmp_path: Path) -> None:
    reported = threading.Event()

    def work(arguments: Any, ctx: ToolContext) -> None:
        look_again = threading.Event()
        while not ctx.cancelled:
            look_again.wait(0.001)
        ctx.progress(1)
        reported.set()

    outcome, heard = await progress_of(act(work), tmp_path, profile=SOON)
    assert await asyncio.to_thread(reported.wait, SAFE)
    assert (outcome.status, heard) == ("timeout", [])


async def work_async(arguments: Any, ctx: ToolContext) -> None:
    await ctx.progress(1)


def work_sync(arguments: Any, ctx: ToolContext) -> None:
    ctx.progress(1)


@pytest.mark.parametrize("handler", [work_async, work_sync])
async def test_a_report_that_cannot_be_delivered_is_the_handlers_to_see(tmp_path: Path, handler: Handler) -> None:
    async def report(value: float, total: float | None, message: str | None) -> None:
        raise ConnectionError("gone")

    outcome = await open_door(tmp_path, act(handler)).call("act", report=report)
    assert (outcome.status, outcome.text) == ("tool_error", "ConnectionError: gone")
