"""What the gate does when things go wrong twice."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.door import Runs, act, open_door, profile_of
from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.errors import ToolError
from toolyard_kernel.profiles.builtin import UNRESTRICTED

pytestmark = pytest.mark.anyio


async def test_a_caller_who_leaves_before_anybody_answered_is_recorded(tmp_path: Path) -> None:
    asked, runs = asyncio.Event(), Runs()

    async def approver(ask: Ask) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    door = open_door(tmp_path, act(runs, approval="always", secret=["pin"]), approver=approver)
    call = asyncio.create_task(door.call("act", {"pin": "s3cret"}))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (record,) = door.records()
    assert (record["event"], record["status"], record["rule"]) == ("refusal", "cancelled", "caller")
    assert record["reason"] == "the caller left while it was asked"
    assert (record["arguments"], runs.arguments) == ({"pin": "[redacted]"}, [])


async def test_two_calls_may_share_an_id(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def meet(arguments: Any, ctx: ToolContext) -> str:
        await both.wait()
        return "met"

    door = open_door(tmp_path, act(meet))
    call, caller = ToolCall(tool="act"), Caller(id="x", profile=UNRESTRICTED)
    outcomes = await asyncio.gather(door.gate.call(call, caller), door.gate.call(call, caller))
    assert [outcome.text for outcome in outcomes] == ["met", "met"]
    assert door.events() == [("start", None), ("start", None), ("end", "ok"), ("end", "ok")]
    assert door.gate.running == {}


@pytest.mark.parametrize("kind", [ToolError, ValueError])
async def test_an_error_is_no_longer_than_an_answer_may_be(tmp_path: Path, kind: type[Exception]) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise kind("x" * 1000 + "\ud800")

    outcome = await open_door(tmp_path, act(fail)).call("act", profile=profile_of(limits={"output_bytes": 100}))
    assert outcome.status == "tool_error"
    assert len(outcome.text) < 200
    assert "left out: the limit is 100 (output_bytes)" in outcome.text
    outcome.text.encode()


class Speechless(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_an_exception_that_cannot_say_what_it_is_is_an_answer_still(tmp_path: Path) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise Speechless

    door = open_door(tmp_path, act(fail))
    outcome = await door.call("act")
    gc.collect()
    assert (outcome.status, outcome.text) == ("tool_error", "Speechless: (no words)")
    assert door.events() == [("start", None), ("end", "tool_error")]


async def test_a_traceback_that_quotes_a_secret_is_logged_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise ValueError(f"no such pin: {arguments['pin']}")

    await open_door(tmp_path, act(fail, secret=["pin"])).call("act", {"pin": "s3cret"})
    assert "no such pin: [redacted]" in caplog.text
    assert "Traceback" in caplog.text
    assert "s3cret" not in caplog.text
