"""Calls that wait for an operator: what was approved runs once, and is what was approved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from toolyard_kernel.approvals.asks import Answer, Approver, Ask
from toolyard_kernel.approvals.binding import binding_of
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.doors import NO_DOOR, Door, NoDoor
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.content import JsonObject
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.reading import read_records
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.registry import Registry

pytestmark = pytest.mark.anyio

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "note": {"type": "string"}, "key": {"type": "string"}},
}


def profile_of(**fields: Any) -> PermissionProfile:
    return PermissionProfile.model_validate({"profile": "careful", **fields})


QUEUE = profile_of(approval={"on_ask": ["queue"], "deadline": "60s"})
ANN = Caller(id="ann", profile=QUEUE)


@dataclass(frozen=True, kw_only=True)
class Yard:
    """A gate to one tool that always asks, `act`, and to one that nobody may call."""

    gate: Gate
    ran: list[JsonObject]
    now: list[float]
    state: Path

    async def call(self, arguments: JsonObject, caller: Caller = ANN, door: Door = NO_DOOR) -> Outcome:
        return await self.gate.call(ToolCall(tool="act", arguments=arguments), caller, door)

    def waiting(self) -> str:
        """The id of the only ask that waits."""
        (one,) = [one for one in self.gate.approvals.all() if one.state == "pending"]
        return one.id

    def records(self) -> list[tuple[str, str | None, str]]:
        return [(record["event"], record.get("status"), record["reason"]) for record in read_records(self.state)]

    def written(self) -> str:
        return "".join(path.read_text() for path in self.state.rglob("*") if path.is_file())


def make_yard(state: Path, approver: Approver | None = None) -> Yard:
    ran: list[JsonObject] = []
    now = [1_000_000.0]
    registry = Registry()

    def act(arguments: JsonObject, ctx: Any) -> str:
        ran.append(arguments)
        return "done"

    registry.register(
        define_tool(name="act", description="", input_schema=SCHEMA, handler=act, approval="always", secret="key")
    )
    approvals = Approvals(state, lambda: now[0])
    gate = Gate(registry=registry, recorder=Recorder(FileLedger(state)), approvals=approvals, approver=approver)
    return Yard(gate=gate, ran=ran, now=now, state=state)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return make_yard(tmp_path)


async def test_an_approved_call_goes_through_once(yard: Yard) -> None:
    waits = await yard.call({"n": 1})
    assert waits.status == "approval_required"
    assert f"`toolyard approvals approve {yard.waiting()}`" in waits.text
    assert (await yard.call({"n": 1})).status == "approval_required"
    yard.gate.approvals.decide(yard.waiting(), approved=True)
    assert (await yard.call({"n": 1})).ok
    assert (await yard.call({"n": 1})).status == "approval_required"
    assert yard.ran == [{"n": 1}]
    events = [(event, status) for event, status, _ in yard.records()]
    waited = ("wait", "approval_required")
    assert events == [waited, waited, ("start", None), ("end", "ok"), waited]


async def test_a_call_that_was_denied_is_refused_and_says_so(yard: Yard) -> None:
    await yard.call({"n": 1})
    number = yard.waiting()
    yard.gate.approvals.decide(number, approved=False)
    refused = await yard.call({"n": 1})
    assert (refused.status, yard.ran) == ("denied", [])
    assert refused.text.startswith(f"approval was refused by an operator ({number})")
    assert yard.records()[-1] == ("refusal", "denied", refused.text)
    yard.now[0] += 61
    assert (await yard.call({"n": 1})).status == "approval_required"


async def test_of_calls_made_at_once_an_approval_is_for_one(yard: Yard) -> None:
    await yard.call({"n": 1})
    yard.gate.approvals.decide(yard.waiting(), approved=True)
    statuses: list[str] = []

    async def call() -> None:
        statuses.append((await yard.call({"n": 1})).status)

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(call)
    assert (statuses.count("ok"), len(yard.ran)) == (1, 1)


OTHERS: list[tuple[str, JsonObject, Caller]] = [
    ("other arguments", {"n": 2}, ANN),
    ("more arguments", {"n": 1, "note": ""}, ANN),
    ("none", {}, ANN),
    ("another caller", {"n": 1}, replace(ANN, id="bob")),
    ("another tenant", {"n": 1}, replace(ANN, tenant="other")),
    ("another profile", {"n": 1}, replace(ANN, profile=QUEUE.model_copy(update={"shell": "restricted"}))),
    ("other scopes of the name", {"n": 1}, replace(ANN, profile=QUEUE.model_copy(update={"profile": "careless"}))),
]


@pytest.mark.parametrize(("arguments", "caller"), [other[1:] for other in OTHERS], ids=[other[0] for other in OTHERS])
async def test_an_approval_serves_no_other_call(yard: Yard, arguments: JsonObject, caller: Caller) -> None:
    await yard.call({"n": 1})
    yard.gate.approvals.decide(yard.waiting(), approved=True)
    assert (await yard.call(arguments, caller)).status == "approval_required"
    assert yard.ran == []
    assert (await yard.call({"n": 1})).ok


async def test_an_approval_ends_with_what_the_tool_says_of_itself(yard: Yard) -> None:
    entry = yard.gate.registry.find("act")
    assert entry
    same = binding_of(entry.tool, {"n": 1}, ANN)
    changed = [
        replace(entry.tool, description="Deletes everything."),
        replace(entry.tool, effects=frozenset({"shell"})),
        replace(entry.tool, approval="auto"),
        replace(entry.tool, name="act2"),
        replace(entry.tool, input_schema={"type": "object"}),
    ]
    assert same not in {binding_of(tool, {"n": 1}, ANN) for tool in changed}
    assert binding_of(entry.tool, {"note": "", "n": 1}, ANN) == binding_of(entry.tool, {"n": 1, "note": ""}, ANN)


def test_every_process_binds_an_approval_alike() -> None:
    program = """
from toolyard_kernel.approvals.binding import binding_of
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.profiles.profile import PermissionProfile
effects = ["shell", "network", "custom", "agents", "upstream"]
names = {"allow": ["a", "b", "c"], "deny": ["x", "y"]}
profile = PermissionProfile.model_validate({"approval": {"required_effects": effects}, "tools": names})
tool = define_tool(name="a", description="", input_schema={"type": "object"}, handler=print, effects=effects)
print(binding_of(tool, {"z": 1, "a": 2}, Caller(id="x", profile=profile)))
"""
    seeds = ("0", "1", "2", "3", "4", "5")
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in seeds
    }
    assert len(said) == 1


async def test_edited_arguments_are_what_runs(yard: Yard) -> None:
    await yard.call({"n": 1, "key": "s3cret"})
    shown = yard.gate.approvals.get(yard.waiting()).arguments
    assert shown == {"n": 1, "key": "[redacted]"}
    yard.gate.approvals.decide(yard.waiting(), approved=True, arguments={**shown, "n": 7})
    assert (await yard.call({"n": 1, "key": "s3cret"})).ok
    assert yard.ran == [{"n": 7, "key": "s3cret"}]
    assert next(read_records(yard.state))["event"] == "wait"
    assert [record["arguments"]["n"] for record in read_records(yard.state) if record["event"] == "start"] == [7]
    assert "s3cret" not in yard.written()


async def test_an_edit_leaves_long_texts_that_it_does_not_touch(yard: Yard) -> None:
    note = "x" * 5000
    await yard.call({"n": 1, "note": note})
    shown = yard.gate.approvals.get(yard.waiting()).arguments
    assert shown["note"] == note
    yard.gate.approvals.decide(yard.waiting(), approved=True, arguments={**shown, "n": 7})
    assert (await yard.call({"n": 1, "note": note})).ok
    assert yard.ran == [{"n": 7, "note": note}]


@pytest.mark.parametrize("edit", [{"n": "seven"}, {"n": 7, "key": "[redacted]"}])
async def test_an_edit_that_does_not_fit_does_not_run(yard: Yard, edit: JsonObject) -> None:
    await yard.call({"n": 1})
    yard.gate.approvals.decide(yard.waiting(), approved=True, arguments=edit)
    refused = await yard.call({"n": 1})
    assert (refused.status, yard.ran) == ("tool_error", [])
    assert "invalid arguments" in refused.text
    assert yard.records()[-1] == ("refusal", "tool_error", refused.text)
    assert (await yard.call({"n": 1})).status == "approval_required"


def _edits(arguments: Any) -> Approver:
    return lambda ask: Answer(approved=True, reason="yes", arguments=arguments)


@pytest.mark.parametrize("arguments", [{"n": []}, {"n": {1, 2}}, {"note": object()}])
async def test_an_approvers_edit_that_does_not_fit_does_not_run(tmp_path: Path, arguments: JsonObject) -> None:
    yard = make_yard(tmp_path, _edits(arguments))
    assert (await yard.call({"n": 1})).status == "tool_error"
    assert yard.ran == []


@pytest.mark.parametrize("number", ["../x", "", "ticket 7", "0" * 17])
async def test_an_answer_that_spends_what_is_no_id_is_a_no(tmp_path: Path, number: str) -> None:
    yard = make_yard(tmp_path, lambda ask: Answer(approved=True, reason="yes", spend=number))
    assert (await yard.call({"n": 1})).status == "denied"
    assert yard.ran == []


CIRCULAR: JsonObject = {}
CIRCULAR["self"] = CIRCULAR


@pytest.mark.parametrize("arguments", [{"x": {1, 2}}, {"x": b"bytes"}, {"x": 10**5000}, CIRCULAR, {1: 2, "a": 3}])
async def test_a_python_callers_arguments_that_are_no_json_are_not_asked_about(
    yard: Yard, arguments: JsonObject
) -> None:
    refused = await yard.call(arguments)
    assert (refused.status, yard.ran, yard.gate.approvals.all()) == ("tool_error", [], [])
    assert yard.records()[-1][:2] == ("refusal", "tool_error")


def _remove(yard: Yard, path: Path) -> None:
    path.unlink()


def _make_unwritable(yard: Yard, path: Path) -> None:
    path.parent.chmod(0o777)


def _empty(yard: Yard, path: Path) -> None:
    path.write_text("")


def _tear(yard: Yard, path: Path) -> None:
    path.write_text(path.read_text()[:-5])


def _wait(yard: Yard, path: Path) -> None:
    yard.now[0] += 61


@pytest.mark.parametrize("spoil", [_remove, _make_unwritable, _empty, _tear, _wait])
async def test_an_approval_that_is_spoilt_lets_nothing_run(yard: Yard, spoil: Callable[[Yard, Path], None]) -> None:
    await yard.call({"n": 1})
    number = yard.waiting()
    yard.gate.approvals.decide(number, approved=True)
    spoil(yard, yard.gate.approvals.folder / f"{number}.decision.json")
    refused = await yard.call({"n": 1})
    assert refused.status in ("denied", "approval_required")
    assert yard.ran == []
    assert yard.records()[-1][1] == refused.status


async def test_what_cannot_be_kept_is_not_run(yard: Yard) -> None:
    yard.gate.approvals.folder.write_text("in the way")
    refused = await yard.call({"n": 1})
    assert (refused.status, yard.ran) == ("denied", [])
    assert refused.text == "approvals cannot be kept, so the call was not made; the server's log says why"
    assert yard.records()[-1][1] == "denied"


async def test_a_door_that_fails_to_ask_is_a_no(yard: Yard) -> None:
    class Broken(NoDoor):
        async def elicit(self, ask: Ask) -> None:
            raise anyio.ClosedResourceError

    elicit = replace(ANN, profile=profile_of(approval={"on_ask": ["elicit", "allow"]}))
    refused = await yard.call({"n": 1}, elicit, Broken())
    assert (refused.status, yard.ran) == ("denied", [])
    assert yard.records()[-1][:2] == ("refusal", "denied")


async def test_an_ask_shows_no_secret_and_all_else_that_is_decided_about(yard: Yard) -> None:
    many = {f"f{number}": number for number in range(80)}
    await yard.call({"key": "s3cret", "note": "n" * 300, **many})
    shown = yard.gate.approvals.get(yard.waiting()).arguments
    assert shown["key"] == "[redacted]"
    assert shown == {"key": "[redacted]", "note": "n" * 300, **many}
    assert "s3cret" not in yard.written()
    assert json.loads(json.dumps(shown)) == shown


async def test_an_approval_serves_what_was_shown_and_not_what_the_same_arguments_mean_later(yard: Yard) -> None:
    meaning = ["mail one customer"]
    ran: list[str] = []

    def act(arguments: JsonObject, ctx: Any) -> str:
        ran.append(meaning[0])
        return "done"

    def preview(arguments: JsonObject, ctx: Any) -> str:
        return meaning[0]

    registry = Registry()
    made = define_tool(name="carry_out", description="", input_schema=SCHEMA, handler=act, approval="always")
    registry.register(replace(made, preview=preview))
    gate = replace(yard.gate, registry=registry)

    async def call() -> Outcome:
        return await gate.call(ToolCall(tool="carry_out", arguments={"n": 1}), ANN)

    await call()
    gate.approvals.decide(yard.waiting(), approved=True)
    meaning[0] = "mail everybody"
    assert (await call()).status == "approval_required"
    assert ran == []
    meaning[0] = "mail one customer"
    assert ((await call()).status, ran) == ("ok", ["mail one customer"])
