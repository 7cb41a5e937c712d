"""The one door: find, validate, decide, ask, record, run, record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.door import NEEDS_N, Door, Runs, act, open_door, profile_of
from tests.kernel.strategies import profiles, tools
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.decisions import decide
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.errors import LedgerError, ToolError
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.profiles.builtin import READONLY, UNRESTRICTED
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio


@dataclass
class FailingLedger:
    """Refuses the records of some events, in its own way."""

    events: tuple[str, ...]
    error: Exception
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def open(self) -> None:
        return None

    def append(self, record: dict[str, Any]) -> Awaitable[None] | None:
        if record["event"] in self.events:
            raise self.error
        self.records.append(record)
        return None

    def close(self) -> None:
        return None


class LateLedger(FailingLedger):
    """Stores every record, and cannot have some of them on the disk."""

    def append(self, record: dict[str, Any]) -> Awaitable[None]:
        self.records.append(record)
        synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if record["event"] in self.events:
            synced.set_exception(self.error)
        else:
            synced.set_result(None)
        return synced


async def test_a_call_is_answered_and_recorded_before_and_after(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs))
    caller = Caller(id="ann", tenant="acme", profile=UNRESTRICTED)
    call = ToolCall(tool="act", arguments={"n": 1}, thread_id="t1", run_id="r1")
    outcome = await door.gate.call(call, caller)
    assert (outcome.status, outcome.text, outcome.ok, outcome.hidden) == ("ok", "ran", True, False)
    assert (outcome.call_id, outcome.decision.verdict, outcome.duration > 0) == (call.call_id, "allow", True)
    assert runs.arguments == [{"n": 1}]
    start, end = door.records()
    assert (start["event"], start["arguments"]) == ("start", {"n": 1})
    assert (end["event"], end["status"], end["error"], end["duration_ms"] > 0) == ("end", "ok", None, True)
    for record in (start, end):
        assert (record["call_id"], record["tool"], record["caller"], record["tenant"]) == (
            call.call_id, "act", "ann", "acme"
        )  # fmt: skip
        assert (record["thread_id"], record["run_id"], record["profile"]) == ("t1", "r1", "unrestricted")
        assert (record["decision"], record["rule"]) == ("allow", "profile")


async def test_a_hidden_tool_and_an_unknown_one_look_alike_and_the_ledger_tells_them_apart(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs, effects=["network"], input_schema=NEEDS_N))
    for name, arguments in (("act", {"n": 1}), ("act", {}), ("missing", {"n": 1})):
        outcome = await door.call(name, arguments, profile=READONLY)
        assert (outcome.status, outcome.hidden) == ("denied", True)
    assert runs.arguments == []
    assert [(r["event"], r["status"], r["rule"], r["tool"]) for r in door.records()] == [
        ("refusal", "denied", "network", "act"),
        ("refusal", "denied", "network", "act"),
        ("refusal", "denied", "registry", "missing"),
    ]
    assert door.records()[2]["reason"] == "no tool is named 'missing'"
    counted = {tool for tool, _ in door.gate.tally.ended}
    assert counted == {""}, "who counts calls does not tell that there is a hidden one"


async def test_arguments_that_do_not_fit_are_refused_by_field(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs, input_schema=NEEDS_N))
    outcome = await door.call("act", {"n": "x"})
    assert (outcome.status, outcome.hidden, runs.arguments) == ("tool_error", False, [])
    assert outcome.text == 'invalid arguments: n: "x" is not of type "integer"'
    (record,) = door.records()
    assert (record["event"], record["status"], record["rule"]) == ("refusal", "tool_error", "input_schema")
    assert record["arguments"] == {"n": "[redacted]"}


async def test_explain_says_what_a_call_would_meet_and_does_nothing(tmp_path: Path) -> None:
    runs, asked = Runs(), Runs()

    def approver(ask: Any) -> bool:
        asked.arguments.append(ask)
        return True

    door = open_door(
        tmp_path,
        act(runs, input_schema=NEEDS_N),
        act(runs, name="writes", effects=["files.write"]),
        act(runs, name="asks", approval="always"),
        approver=approver,
    )
    expected = {
        ("act", 1): ("allow", "profile"),
        ("act", "x"): ("deny", "input_schema"),
        ("writes", 1): ("deny", "file_write"),
        ("asks", 1): ("ask", "tool.approval"),
        ("missing", 1): ("deny", "registry"),
    }
    for (name, n), (verdict, rule) in expected.items():
        decision = door.explain(name, {"n": n}, profile=READONLY)
        assert (decision.verdict, decision.rule) == (verdict, rule)
        assert decision.reason
    assert (runs.arguments, asked.arguments, list(tmp_path.iterdir())) == ([], [], [])


async def test_what_is_listed_is_what_explain_does_not_hide(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(Runs(), name="b"), act(Runs(), name="a", effects=["shell"]), act(Runs(), name="c"))
    assert door.listed(UNRESTRICTED) == ["a", "b", "c"]
    assert door.listed(profile_of(tools={"deny": ["c"]})) == ["b"]
    assert door.listed(profile_of(tools={"allow": "off"})) == []


CALLED: list[str] = []


def _called(arguments: Any, ctx: ToolContext) -> None:
    CALLED.append(ctx.tool)


def _name(made: Tool) -> str:
    return made.name


@given(st.lists(tools(_called), max_size=6, unique_by=_name), profiles())
def test_whatever_is_listed_can_be_called_or_asks_and_nothing_else_runs(
    offered: list[Tool], profile: PermissionProfile
) -> None:
    CALLED.clear()
    with TemporaryDirectory() as state:
        _check_all(open_door(Path(state), *offered, ledger=NoLedger()), offered, profile)


def _check_all(door: Door, offered: list[Tool], profile: PermissionProfile) -> None:
    listed = door.listed(profile)

    async def call_all() -> list[Outcome]:
        return [await door.call(made.name, profile=profile) for made in offered]

    for made, outcome in zip(offered, asyncio.run(call_all()), strict=True):
        verdict = decide(made, profile).verdict
        assert door.explain(made.name, profile=profile).verdict == verdict
        assert (made.name in listed) == (verdict != "deny") == (not outcome.hidden)
        assert outcome.status in (("ok",) if made.name in CALLED else ("denied", "approval_required"))
        assert made.name in CALLED or verdict != "allow"
    assert set(CALLED) <= set(listed)


async def test_a_call_that_cannot_be_recorded_is_not_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ledger").write_text("a file where the folder should be")
    runs = Runs()
    door = open_door(tmp_path, act(runs))
    outcome = await door.call("act")
    assert (outcome.status, outcome.hidden, runs.arguments) == ("denied", False, [])
    assert outcome.decision.rule == "ledger"
    assert outcome.text == "the call could not be recorded, so it was not made; the server's log says why"
    assert str(tmp_path) not in outcome.text
    assert f"the ledger cannot be written in {tmp_path / 'ledger'}" in caplog.text


@pytest.mark.parametrize("error", [LedgerError("full"), OSError("gone"), RuntimeError("odd")])
async def test_a_ledger_that_fails_in_any_way_stops_the_call(tmp_path: Path, error: Exception) -> None:
    runs, ledger = Runs(), FailingLedger(("start", "refusal"), error)
    outcome = await open_door(tmp_path, act(runs), ledger=ledger).call("act")
    assert (outcome.status, outcome.decision.rule, runs.arguments, ledger.records) == ("denied", "ledger", [], [])


@pytest.mark.parametrize("error", [LedgerError("full"), OSError("gone")])
async def test_a_ledger_that_fails_only_at_the_end_keeps_no_answer_back(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    runs, ledger = Runs(), FailingLedger(("end",), error)
    outcome = await open_door(tmp_path, act(runs), ledger=ledger).call("act")
    assert (outcome.status, outcome.text, len(runs.arguments)) == ("ok", "ran", 1)
    assert [record["event"] for record in ledger.records] == ["start"]
    assert f"call {outcome.call_id} of 'act' ended ok, unrecorded: " in caplog.text


@pytest.mark.parametrize("error", [LedgerError("full"), OSError("gone"), RuntimeError("odd")])
async def test_a_ledger_whose_disk_fails_in_any_way_stops_the_call(tmp_path: Path, error: Exception) -> None:
    runs, ledger = Runs(), LateLedger(("start",), error)
    outcome = await open_door(tmp_path, act(runs), ledger=ledger).call("act")
    assert (outcome.status, outcome.decision.rule, runs.arguments) == ("denied", "ledger", [])
    assert [record["event"] for record in ledger.records] == ["start", "refusal"]


@pytest.mark.parametrize("error", [LedgerError("full"), OSError("gone"), RuntimeError("odd")])
async def test_a_ledger_whose_disk_fails_only_at_the_end_keeps_no_answer_back(tmp_path: Path, error: Exception) -> None:
    runs, ledger = Runs(), LateLedger(("end",), error)
    outcome = await open_door(tmp_path, act(runs), ledger=ledger).call("act")
    assert (outcome.status, outcome.text, len(runs.arguments)) == ("ok", "ran", 1)
    assert [record["event"] for record in ledger.records] == ["start", "end"]


async def test_a_refusal_that_cannot_be_recorded_is_a_refusal_still(tmp_path: Path) -> None:
    runs, ledger = Runs(), FailingLedger(("refusal",), LedgerError("full"))
    door = open_door(tmp_path, act(runs, effects=["network"]), ledger=ledger)
    outcome = await door.call("act", profile=READONLY)
    assert (outcome.status, outcome.hidden, runs.arguments) == ("denied", True, [])


async def test_the_tools_of_calls_that_run_are_known_until_they_end(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    @tool(inline=True)
    def look(ctx: ToolContext) -> str:
        seen.append(list(door.gate.running.values()))
        raise ToolError(ctx.call_id)

    door: Door = open_door(tmp_path, look)
    outcome = await door.call("look")
    assert seen == [["look"]]
    assert (outcome.text, door.gate.running) == (outcome.call_id, {})


async def test_a_handler_knows_its_call_and_reaches_the_hosts_services(tmp_path: Path) -> None:
    seen: list[Any] = []

    @tool
    async def look(ctx: ToolContext) -> None:
        seen.append((ctx.caller.id, ctx.call_id, ctx.tool, ctx.thread_id, ctx.run_id))
        seen.append([ctx.clock, ctx["clock"], ctx.services["clock"]])

    clock = object()
    door = open_door(tmp_path, look, services={"clock": clock})
    call = ToolCall(tool="look", thread_id="t", run_id="r")
    assert (await door.gate.call(call, Caller(id="ann", profile=UNRESTRICTED))).ok
    assert seen == [("ann", call.call_id, "look", "t", "r"), [clock, clock, clock]]


async def test_nobody_goes_beyond_the_bound_of_a_gate(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs, effects=["shell"]))
    bounded = replace(door.gate, bound=profile_of(profile="bound", shell="off"))
    caller = Caller(id="tester", profile=UNRESTRICTED)
    assert [entry.name for entry in bounded.visible(caller)] == []
    assert bounded.explain(ToolCall(tool="act"), caller).verdict == "deny"
    outcome = await bounded.call(ToolCall(tool="act"), caller)
    assert (outcome.status, outcome.hidden, runs.arguments) == ("denied", True, [])
    assert (await door.gate.call(ToolCall(tool="act"), caller)).ok
