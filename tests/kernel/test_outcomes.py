"""How a call ends, whatever its handler does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import rich.pretty

from tests.kernel.door import NEEDS_N, Runs, act, open_door, profile_of
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Text, ToolResult
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.tool import Handler, Tool

pytestmark = pytest.mark.anyio


async def test_a_result_that_does_not_fit_its_output_schema_is_an_error(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(lambda arguments, ctx: arguments, output_schema=NEEDS_N))
    assert (await door.call("act", {"n": 1})).structured == {"n": 1}
    outcome = await door.call("act", {"n": "x"})
    assert (outcome.status, outcome.structured) == ("tool_error", None)
    assert outcome.text == 'the tool\'s result does not fit its output schema: n: "x" is not of type "integer"'


async def test_a_long_answer_keeps_its_head_its_tail_and_a_count(tmp_path: Path) -> None:
    profile = profile_of(limits={"output_bytes": 10})
    door = open_door(tmp_path, act(lambda arguments, ctx: "head " + "x" * 100 + " tail"))
    outcome = await door.call("act", profile=profile)
    assert outcome.text == "head \n[… 100 of 110 bytes left out: the limit is 10 (output_bytes) …]\n tail"


async def test_an_error_of_the_tools_own_is_its_message(tmp_path: Path) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise ToolError("no such city: Atlantis")

    door = open_door(tmp_path, act(fail))
    outcome = await door.call("act")
    assert (outcome.status, outcome.text) == ("tool_error", "no such city: Atlantis")
    assert door.records()[1]["error"] == "no such city: Atlantis"


async def test_a_handler_can_answer_with_an_error_without_raising(tmp_path: Path) -> None:
    answer = ToolResult(content=(Text("not today"),), is_error=True)
    door = open_door(tmp_path, act(lambda arguments, ctx: answer, output_schema=NEEDS_N))
    outcome = await door.call("act")
    assert (outcome.status, outcome.text) == ("tool_error", "not today")
    assert door.records()[1]["error"] == "not today"


async def test_any_other_exception_is_an_answer_and_its_traceback_stays_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise KeyError("x")

    outcome = await open_door(tmp_path, act(fail)).call("act")
    assert (outcome.status, outcome.text) == ("tool_error", "KeyError: 'x'")
    assert "Traceback" in caplog.text


def raising(error: BaseException | type[BaseException], where: str) -> Tool:
    """A tool that raises `error` in one of the places where a handler can run."""

    def fail(arguments: Any, ctx: ToolContext) -> Any:
        raise error

    async def fail_later(arguments: Any, ctx: ToolContext) -> None:
        raise error

    def fail_when_awaited(arguments: Any, ctx: ToolContext) -> Any:
        return fail_later(arguments, ctx)

    handlers: dict[str, Handler] = {"async": fail_later, "awaitable": fail_when_awaited}
    return act(handlers.get(where, fail), inline=where == "inline")


class Panic(BaseException):
    """What a native library raises when it gives up."""


@pytest.mark.parametrize(
    "error",
    [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), Panic("lost"), StopIteration(1), StopAsyncIteration(1)],
)
@pytest.mark.parametrize("where", ["async", "thread", "inline", "awaitable"])
async def test_nothing_that_a_handler_raises_ends_the_process(tmp_path: Path, error: BaseException, where: str) -> None:
    door = open_door(tmp_path, raising(error, where), act(Runs(), name="next"))
    outcome = await door.call("act")
    assert outcome.status == "tool_error"
    assert type(error).__name__ in outcome.text or "StopIteration" in outcome.text
    assert (await door.call("next")).ok
    assert door.events() == [("start", None), ("end", "tool_error"), ("start", None), ("end", "ok")]


@pytest.mark.parametrize("where", ["async", "thread", "inline", "awaitable"])
async def test_a_handler_that_cancels_itself_is_an_error_and_not_a_caller_who_left(tmp_path: Path, where: str) -> None:
    door = open_door(tmp_path, raising(asyncio.CancelledError, where))
    assert (await door.call("act")).status == "tool_error"
    assert door.events() == [("start", None), ("end", "tool_error")]


@pytest.mark.parametrize("heeds", ["heeds", "ignores"])
async def test_a_caller_who_leaves_stops_the_handler_and_the_ledger_says_so(tmp_path: Path, heeds: str) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()
    contexts: list[ToolContext] = []

    async def wait(arguments: Any, ctx: ToolContext) -> str:
        contexts.append(ctx)
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            if heeds == "heeds":
                raise
        return "too late"

    door = open_door(tmp_path, act(wait))
    call = asyncio.create_task(door.call("act"))
    await started.wait()
    assert list(door.gate.running.values()) == ["act"]
    assert not contexts[0].cancelled
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (stopped.is_set(), contexts[0].cancelled, door.gate.running) == (True, True, {})
    assert door.events() == [("start", None), ("end", "cancelled")]


async def test_one_bad_tool_takes_no_other_down(tmp_path: Path) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise MemoryError

    door = open_door(tmp_path, act(fail), act(Runs(), name="good"))
    outcomes = await asyncio.gather(*(door.call(name) for name in ("act", "good") * 20))
    assert [outcome.status for outcome in outcomes] == ["tool_error", "ok"] * 20


async def test_what_a_handler_raised_is_not_shown_with_the_outcome(tmp_path: Path) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise ValueError("why")

    outcome = await open_door(tmp_path, act(fail)).call("act")
    assert isinstance(outcome.raised, ValueError)
    for shown in (repr(outcome), rich.pretty.pretty_repr(outcome)):
        assert "status='tool_error'" in shown
        assert "ValueError('why')" not in shown
