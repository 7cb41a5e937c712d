"""Whoever is asked sees what the call would do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.door import Runs, act, open_door, profile_of
from toolyard.testing import ScriptedApprover
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.previews import LONGEST
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio


def asking(runs: Runs, preview: Any, **more: Any) -> Tool:
    return replace(act(runs, approval="always", **more), preview=preview)


def _diff(arguments: Any, ctx: ToolContext) -> str:
    return f"- old\n+ {arguments['text']} by {ctx.caller.id}"


async def _statement(arguments: Any, ctx: ToolContext) -> str:
    return f"delete {arguments['text']}"


@pytest.mark.parametrize(
    ("preview", "shown"), [(_diff, "- old\n+ new by tester"), (_statement, "delete new"), (None, None)]
)
async def test_an_ask_shows_what_the_call_would_do(tmp_path: Path, preview: Any, shown: str | None) -> None:
    runs, approver = Runs(), ScriptedApprover([True])
    door = open_door(tmp_path, asking(runs, preview), approver=approver)
    assert (await door.call("act", {"text": "new"})).ok
    assert [ask.preview for ask in approver.asked] == [shown]


async def test_a_call_that_cannot_be_made_asks_nobody(tmp_path: Path) -> None:
    def impossible(arguments: Any, ctx: ToolContext) -> str:
        raise ToolError("a.txt: the text is not in it")

    def broken(arguments: Any, ctx: ToolContext) -> str:
        raise RuntimeError("no")

    for preview, said in {impossible: "a.txt: the text is not in it", broken: "cannot be shown"}.items():
        runs, approver = Runs(), ScriptedApprover([True])
        door = open_door(tmp_path, asking(runs, preview), approver=approver)
        outcome = await door.call("act")
        assert (outcome.status, outcome.decision.rule) == ("tool_error", "preview")
        assert said in outcome.text
        assert (approver.asked, runs.arguments) == ([], [])


async def test_a_call_that_asks_nobody_makes_no_preview(tmp_path: Path) -> None:
    made: list[Any] = []

    def preview(arguments: Any, ctx: ToolContext) -> str:
        made.append(arguments)
        return ""

    door = open_door(tmp_path, replace(act(Runs()), preview=preview))
    assert (await door.call("act")).ok
    assert door.explain("act", profile=profile_of()).verdict == "allow"
    assert made == []


async def test_a_preview_tells_no_secret_and_a_long_one_keeps_its_beginning_and_end(tmp_path: Path) -> None:
    def preview(arguments: Any, ctx: ToolContext) -> str:
        return f"first {arguments['key']}{'x' * 2 * LONGEST} last"

    approver = ScriptedApprover([True])
    door = open_door(tmp_path, asking(Runs(), preview, secret=["key"]), approver=approver)
    assert (await door.call("act", {"key": "hunter2"})).ok
    shown = approver.asked[0].preview or ""
    assert len(shown) < LONGEST + 200
    assert (shown.startswith("first [redacted]x"), shown.endswith("x last"), "left out" in shown) == (True, True, True)
    assert "hunter2" not in shown


async def test_an_ask_in_the_queue_keeps_its_preview(tmp_path: Path) -> None:
    door = open_door(tmp_path, asking(Runs(), _diff))
    profile = profile_of(approval={"on_ask": ["queue"]})
    assert (await door.call("act", {"text": "new"}, profile=profile)).status == "approval_required"
    (asked,) = tmp_path.glob("approvals/*.ask.json")
    assert json.loads(asked.read_text())["preview"] == "- old\n+ new by tester"
    (waiting,) = door.gate.approvals.all()
    assert waiting.preview == "- old\n+ new by tester"
