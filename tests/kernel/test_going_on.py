"""A long call is heard of: whatever its handler says, a client that listens is never left without a word for long."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.virtual_time import VirtualLoop
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.doors import NoDoor
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Handler

pytestmark = pytest.mark.anyio

PROMISED = 10
HOUR = 3600.0


@pytest.fixture
def anyio_backend() -> Any:
    return "asyncio", {"loop_factory": VirtualLoop}


@dataclass
class Listener(NoDoor):
    """A caller that writes down what it hears, and when."""

    heard: list[tuple[float, float, str | None]] = field(default_factory=list[tuple[float, float, str | None]])

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        self.heard.append((asyncio.get_running_loop().time(), value, message))

    @property
    def values(self) -> list[float]:
        return [value for _, value, _ in self.heard]

    def longest_silence(self, until: float) -> float:
        times = [0.0, *(time for time, _, _ in self.heard), until]
        return max(later - earlier for earlier, later in pairwise(times))


async def called(state: Path, handler: Handler, listener: NoDoor, timeout: str = "1h") -> Outcome:
    """How a call of `handler` ends."""
    registry = Registry()
    registry.register(define_tool(name="act", description="", input_schema={"type": "object"}, handler=handler))
    gate = Gate(registry=registry, recorder=Recorder(NoLedger()), approvals=Approvals(state))
    profile = PermissionProfile.model_validate({"limits": {"timeout": timeout}})
    return await gate.call(ToolCall(tool="act"), Caller(id="tester", profile=profile), listener)


async def test_a_silent_call_is_heard_of_at_least_every_ten_seconds(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> str:
        await asyncio.sleep(100)
        return "done"

    listener = Listener()
    outcome = await called(tmp_path, work, listener)
    assert outcome.text == "done"
    assert listener.longest_silence(until=100) <= PROMISED
    assert listener.heard[-1][2] == f"still running after {listener.heard[-1][0]:.0f}s"


@pytest.mark.parametrize("pause", [0.1, 3.9, 4.0, 4.1, 7.9, 8.1, 9.9, 33.0])
async def test_a_call_that_reports_now_and_then_is_heard_of_in_between(tmp_path: Path, pause: float) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> str:
        for step in range(5):
            await asyncio.sleep(pause)
            await ctx.progress(step + 1, 5, "step")
        await asyncio.sleep(50)
        return "done"

    listener = Listener()
    assert (await called(tmp_path, work, listener)).ok
    assert listener.longest_silence(until=5 * pause + 50) <= PROMISED
    assert [value for _, value, message in listener.heard if message == "step"] == [1, 2, 3, 4, 5]


async def test_what_is_heard_always_grows_and_stays_below_the_handlers_next_word(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> str:
        await asyncio.sleep(60)
        await ctx.progress(0.5, 1)
        await asyncio.sleep(60)
        await ctx.progress(1, 1)
        return "done"

    listener = Listener()
    assert (await called(tmp_path, work, listener)).ok
    assert listener.values == sorted(set(listener.values))
    assert {0.5, 1} <= set(listener.values)


async def test_a_call_that_reports_by_itself_is_left_alone(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> str:
        for step in range(60):
            await asyncio.sleep(1)
            await ctx.progress(step, 60, "step")
        return "done"

    listener = Listener()
    assert (await called(tmp_path, work, listener)).ok
    assert {message for _, _, message in listener.heard} == {"step"}


async def test_a_caller_that_cannot_be_reached_neither_ends_nor_delays_the_call(tmp_path: Path) -> None:
    class Gone(NoDoor):
        async def report(self, value: float, total: float | None, message: str | None) -> None:
            raise ConnectionError("gone")

    class Stuck(NoDoor):
        async def report(self, value: float, total: float | None, message: str | None) -> None:
            await asyncio.Event().wait()

    async def work(arguments: Any, ctx: ToolContext) -> str:
        await asyncio.sleep(60)
        return "done"

    for door in (Gone(), Stuck()):
        began = asyncio.get_running_loop().time()
        assert (await called(tmp_path, work, door)).text == "done"
        assert asyncio.get_running_loop().time() - began < 60 + PROMISED


async def test_a_call_that_never_ends_is_over_at_its_deadline_and_heard_of_till_then(tmp_path: Path) -> None:
    async def work(arguments: Any, ctx: ToolContext) -> str:
        await asyncio.Event().wait()
        return ""

    listener = Listener()
    outcome = await called(tmp_path, work, listener, timeout="30s")
    assert outcome.status == "timeout"
    assert math.isclose(asyncio.get_running_loop().time(), 30, abs_tol=1.5)
    assert listener.longest_silence(until=30) <= PROMISED
