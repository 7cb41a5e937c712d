"""Who answers an ask: every answer that is not a timely `True` is a no."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.door import SAFE, Door, act, open_door, profile_of
from toolyard_kernel.approvals.asks import Approver, Ask
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.profiles.builtin import UNRESTRICTED
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

SOON = profile_of(approval={"deadline": "20ms"})
REASON = "tool 'act' declares approval: always"


def asking_door(state: Path, approver: Approver | None = None) -> tuple[Door, list[Any]]:
    """A door with one tool that always asks, and the arguments it was run with."""
    ran: list[Any] = []
    tool = act(lambda arguments, ctx: ran.append(arguments), approval="always", secret=["token"])
    return open_door(state, tool, approver=approver), ran


def on_ask(*answerers: str) -> PermissionProfile:
    return profile_of(approval={"on_ask": answerers})


async def _yes(ask: Ask) -> bool:
    return True


def _yes_at_once(ask: Ask) -> bool:
    return True


@pytest.mark.parametrize("approver", [_yes_at_once, _yes])
async def test_a_yes_lets_the_call_run_once(tmp_path: Path, approver: Approver) -> None:
    door, ran = asking_door(tmp_path, approver)
    outcome = await door.call("act", {"a": 1})
    assert (outcome.status, ran) == ("ok", [{"a": 1}])
    assert (outcome.decision.verdict, outcome.decision.rule) == ("ask", "tool.approval")
    assert [(record["event"], record["decision"]) for record in door.records()] == [("start", "ask"), ("end", "ask")]


async def test_an_approver_sees_the_call_its_caller_and_the_reason_and_no_secret(tmp_path: Path) -> None:
    asked: list[Ask] = []

    def approver(ask: Ask) -> bool:
        asked.append(ask)
        return True

    door, ran = asking_door(tmp_path, approver)
    caller = Caller(id="ann", profile=UNRESTRICTED)
    call = ToolCall(tool="act", arguments={"to": "x", "deep": [{"token": "s3cret"}]})
    assert (await door.gate.call(call, caller)).ok
    shown = {"to": "x", "deep": [{"token": "[redacted]"}]}
    [ask] = asked
    assert (ask.call_id, ask.tool, ask.arguments) == (call.call_id, "act", shown)
    assert (ask.reason, ask.caller) == (REASON, caller)
    assert ran == [call.arguments]


def _no_at_once(ask: Ask) -> bool:
    return False


async def _no(ask: Ask) -> bool:
    return False


def _raise(ask: Ask) -> bool:
    raise ValueError("no connection")


async def _raise_later(ask: Ask) -> bool:
    raise ValueError("no connection")


async def _cancel_itself(ask: Ask) -> bool:
    raise asyncio.CancelledError


async def _never(ask: Ask) -> bool:
    await asyncio.Event().wait()
    return True


async def _yes_when_cancelled(ask: Ask) -> bool:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return True
    return True


async def _fail_when_cancelled(ask: Ask) -> bool:
    try:
        await asyncio.Event().wait()
    finally:
        raise ValueError("too late")


def _hold_the_loop(ask: Ask) -> bool:
    began = time.monotonic()
    while time.monotonic() - began < 0.03:
        pass
    return True


def _says(answer: Any) -> Callable[[Ask], Any]:
    return lambda ask: answer


def _says_later(answer: Any) -> Callable[[Ask], Any]:
    async def say(ask: Ask) -> Any:
        return answer

    return say


FAILED = "approval is needed and the approver failed"
LATE = "approval was not given within 0.02s"
REFUSED = "approval was refused"


@pytest.mark.parametrize(
    ("approver", "why"),
    [
        (_no_at_once, REFUSED),
        (_no, REFUSED),
        (_raise, FAILED),
        (_raise_later, FAILED),
        (_cancel_itself, FAILED),
        (_never, LATE),
        (_yes_when_cancelled, LATE),
        (_fail_when_cancelled, LATE),
        (_hold_the_loop, LATE),
        *((_says(answer), REFUSED) for answer in (None, 1, "yes", "true", [True], object())),
        *((_says_later(answer), REFUSED) for answer in (None, 1, "yes")),
    ],
)
async def test_any_other_answer_is_a_no_and_nothing_runs(
    tmp_path: Path, approver: Callable[[Ask], bool | Awaitable[bool]], why: str
) -> None:
    door, ran = asking_door(tmp_path, approver)
    outcome = await door.call("act", {"token": "s3cret"}, profile=SOON if why == LATE else UNRESTRICTED)
    assert (outcome.status, outcome.hidden, ran) == ("denied", False, [])
    assert outcome.text == f"{why}: {REASON}"
    (record,) = door.records()
    assert (record["event"], record["status"], record["decision"], record["rule"]) == (
        "refusal", "denied", "deny", "tool.approval"
    )  # fmt: skip
    assert record["reason"] == outcome.text
    assert "s3cret" not in door.written()


async def test_a_broken_approver_is_the_hosts_to_see(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    door, _ = asking_door(tmp_path, _raise)
    outcome = await door.call("act")
    assert "no connection" not in outcome.text
    assert "the approver failed on act" in caplog.text
    assert "no connection" in caplog.text


async def test_an_approver_that_ignores_its_cancellation_is_not_waited_for(tmp_path: Path) -> None:
    done = asyncio.Event()

    async def stubborn(ask: Ask) -> bool:
        while not done.is_set():
            try:
                await done.wait()
            except asyncio.CancelledError:
                continue
        return True

    door, ran = asking_door(tmp_path, stubborn)
    outcome = await door.call("act", profile=SOON)
    assert (outcome.status, outcome.text, ran) == ("denied", f"{LATE}: {REASON}", [])
    done.set()


async def test_an_approver_stops_when_the_caller_goes_away(tmp_path: Path) -> None:
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def waiting(ask: Ask) -> bool:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return True

    door, ran = asking_door(tmp_path, waiting)
    call = asyncio.create_task(door.call("act"))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(SAFE):
        await stopped.wait()
    assert ran == []


@pytest.mark.parametrize(
    ("profile", "status"),
    [
        (UNRESTRICTED, "denied"),
        (on_ask("elicit", "deny"), "denied"),
        (on_ask(), "denied"),
        (on_ask("deny", "allow"), "denied"),
        (on_ask("elicit", "task"), "denied"),
        (on_ask("allow"), "ok"),
        (on_ask("allow", "deny"), "ok"),
        (on_ask("elicit", "allow"), "ok"),
    ],
)
async def test_without_an_approver_the_profile_answers(tmp_path: Path, profile: PermissionProfile, status: str) -> None:
    door, ran = asking_door(tmp_path)
    outcome = await door.call("act", profile=profile)
    assert (outcome.status, len(ran)) == (status, 1 if status == "ok" else 0)
    if status == "denied":
        assert outcome.text == f"approval is needed and nobody here can give it: {REASON}"
        assert door.events() == [("refusal", "denied")]


async def test_an_approver_answers_before_the_profile_does(tmp_path: Path) -> None:
    door, ran = asking_door(tmp_path, lambda ask: False)
    assert (await door.call("act", profile=on_ask("allow"))).status == "denied"
    assert ran == []
    door, ran = asking_door(tmp_path, lambda ask: True)
    assert (await door.call("act", profile=on_ask("deny"))).ok
    assert len(ran) == 1


async def test_nobody_is_asked_for_a_call_that_needs_no_ask_or_cannot_be_made(tmp_path: Path) -> None:
    asked: list[str] = []

    def approver(ask: Ask) -> bool:
        asked.append(ask.tool)
        return True

    needs_n = {"type": "object", "required": ["n"]}
    door = open_door(
        tmp_path,
        act(lambda arguments, ctx: "free", name="free"),
        act(lambda arguments, ctx: "shell", name="shell", approval="always", effects=["shell"]),
        act(lambda arguments, ctx: "strict", name="strict", approval="always", input_schema=needs_n),
        approver=approver,
    )
    profile = profile_of()
    assert (await door.call("free", profile=profile)).text == "free"
    assert (await door.call("shell", profile=profile)).status == "denied"
    assert (await door.call("strict", profile=profile)).status == "tool_error"
    assert (await door.call("missing", profile=profile)).status == "denied"
    assert asked == []


async def test_every_call_is_asked_for_anew(tmp_path: Path) -> None:
    answers = [True, False]
    door, ran = asking_door(tmp_path, lambda ask: answers.pop(0))
    call, caller = ToolCall(tool="act"), Caller(id="x", profile=UNRESTRICTED)
    assert (await door.gate.call(call, caller)).ok
    assert (await door.gate.call(call, caller)).status == "denied"
    assert len(ran) == 1
