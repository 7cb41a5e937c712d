"""One behaviour behind every door: the same decision, the same outcome and the same record, whoever carries the call.

Each row is a call. It is made embedded, over stdio and over HTTP in both eras, and by an agent behind each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.server.three_doors import (
    AGENTS,
    DOORS,
    PYTHON,
    Embedded,
    House,
    Recorded,
    Told,
    User,
    entering,
    reference_in,
)
from tests.server.three_doors_loops import LOOPS, RUNTIME, SESSION, ByRuntime, looping
from tests.server.three_doors_tools import LAUNCHED, LONG
from tests.server.yards import MODERN
from toolyard.testing import FakeModel
from toolyard_kernel.calls.outcomes import ToolCall

pytestmark = pytest.mark.anyio

RAN, REFUSED = ("start", "end"), ("refusal",)
ASKS = "tool 'launch' declares approval: always"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A call, and what must come of it. `recorded` are the arguments as the ledger has them, if others than given.

    `hidden` says that a client must see an unknown tool. In `text`, `{profile}`, `{by}` and `{rest}` are the way's, and
    `{ref}` is the id of a reference.
    """

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    text: str
    status: str
    decision: str = "allow"
    rule: str = "profile"
    events: tuple[str, ...] = RAN
    structured: dict[str, Any] | None = None
    recorded: dict[str, Any] | None = None
    user: User = "nobody"
    hidden: bool = False

    def told(self, way: Way) -> Told:
        """What whoever made this call must be told."""
        if self.hidden and way.hides:
            return Told(text=f"Unknown tool: {self.tool}", failed=True)
        text = self.text.replace("{profile}", way.profile).replace("{by}", way.by).replace("{rest}", way.rest)
        return Told(text=text) if way.read else Told(text=text, failed=self.status != "ok", structured=self.structured)

    def entry(self, way: Way) -> Recorded:
        """What the ledger must say."""
        return Recorded(
            events=self.events,
            caller=way.caller,
            profile=way.profile,
            decision=self.decision,
            rule=self.rule,
            status=self.status,
            arguments=self.arguments if self.recorded is None else self.recorded,
            waits=1 if way.rounds and self.user != "nobody" else 0,
        )


AT_URI = "; read the whole at toolyard://references/{ref}"


@dataclass(frozen=True, kw_only=True)
class Way:
    """All that may differ from one way of making a call to another.

    `by` says who refuses, and `rest` where the rest of a long result is. `hides` says that what is hidden looks
    unknown, `read` that only a text comes back, since a model reads it, and `rounds` that another round brings the
    answer to an ask.
    """

    caller: str
    profile: str = "doors"
    by: str = ""
    rest: str = AT_URI
    hides: bool = False
    read: bool = False
    rounds: bool = False


def way_of(door: str, agents: str) -> Way:
    return Way(
        caller=f"{door.split(maxsplit=1)[0]}{agents}",
        profile="doors & unrestricted" if agents.endswith("/wide") else "doors",
        by="" if door == PYTHON else " by the user",
        rest="; read the whole with resolve_ref and ref {ref}" if agents else AT_URI,
        hides=door != PYTHON and not agents,
        read=bool(agents),
        rounds=door.endswith(MODERN),
    )


LOOP_WAYS = {
    SESSION: Way(caller="python/lone", rest=""),
    RUNTIME: Way(
        caller="python/lone",
        profile="unrestricted & doors",
        rest="; read the whole with resolve_ref and ref {ref}",
    ),
}
"""A session that nobody serves keeps no references, and the agents of a runtime have a tool that reads them."""


def refused(tool: str, text: str, rule: str, status: str = "denied", **more: Any) -> Row:
    return Row(tool=tool, text=text, status=status, decision="deny", rule=rule, events=REFUSED, **more)


def hidden(tool: str, text: str, rule: str, *names: str) -> Row:
    """A tool that is not there for this caller; whatever it is given may be a secret, so that only names are kept."""
    given, kept = dict.fromkeys(names, "x"), dict.fromkeys(names, "[redacted]")
    return refused(tool, text, rule, hidden=True, arguments=given, recorded=kept)


SHORTENED = (
    f"{LONG[:1000]}\n[… {len(LONG) - 2000} of {len(LONG)} bytes left out: the limit is 2000 (output_bytes)"
    f"{{rest}} …]\n{LONG[-1000:]}"
)
TAKEN = "taken.txt: there is a file here already, and the profile says file_write: create-only; choose a new path"
ROWS = {
    "allowed": Row(
        tool="add", arguments={"a": 2, "b": 3}, text='{"sum":5}', status="ok", structured={"sum": 5}
    ),
    "allowed, with a secret": Row(
        tool="sign",
        arguments={"text": "this", "key": "hunter2"},
        text="this was signed with 7 characters",
        status="ok",
        recorded={"text": "this", "key": "[redacted]"},
    ),
    "allowed, with these arguments": Row(
        tool="write",
        arguments={"path": "new.txt", "content": "x\n"},
        text="new.txt: created, 1 line, 2 bytes",
        status="ok",
    ),
    "denied by name": hidden("forbidden", "profile '{profile}' denies the tool 'forbidden'", "tools.deny"),
    "denied by an effect": hidden(
        "fetch", "tool 'fetch' has the effect network; profile '{profile}' says network: off", "network"
    ),
    "denied by what the tool is for": hidden(
        "edit", "tool 'edit' has the effect files.write; profile '{profile}' says file_write: create-only",
        "file_write", "path", "old",
    ),
    "unknown": hidden("nowhere", "no tool is named 'nowhere'", "registry", "key"),
    "denied by its arguments": refused(
        "move", "tool 'move' has the effect network; profile '{profile}' says network: off", "network",
        arguments={"where": "away"},
    ),
    "refused by the tool for its arguments": Row(
        tool="write", arguments={"path": "taken.txt", "content": "x\n"}, text=TAKEN, status="tool_error"
    ),
    "asked and approved": Row(
        tool="launch", arguments={"target": "moon"}, text="launched at moon", status="ok", decision="ask",
        rule="tool.approval", user="yes",
    ),
    "asked and refused": refused(
        "launch", f"approval was refused{{by}}: {ASKS}", "tool.approval", arguments={"target": "mars"}, user="no"
    ),
    "asked with nobody there": refused(
        "launch", f"approval is needed and nobody here can give it: {ASKS}", "tool.approval",
        arguments={"target": "venus"},
    ),
    "invalid arguments": refused(
        "add", 'invalid arguments: b: required, but missing; a: "two" is not of type "integer"', "input_schema",
        "tool_error", arguments={"a": "two"}, recorded={"a": "[redacted]"},
    ),
    "invalid arguments, with a secret": refused(
        "sign", "invalid arguments: text: required, but missing", "input_schema", "tool_error",
        arguments={"key": "hunter2"}, recorded={"key": "[redacted]"},
    ),
    "failed": Row(tool="fail", text="the bridge is out", status="tool_error"),
    "crashed": Row(tool="crash", text="LookupError: no such bridge", status="tool_error"),
    "timed out": Row(tool="dawdle", text="'dawdle' timed out: it did not end within 0.1s", status="timeout"),
    "too large": Row(tool="tell", text=SHORTENED, status="ok"),
}  # fmt: skip
CANCELLED = Row(tool="wait", text="", status="cancelled")
PROMPT = '{"tool": "add", "arguments": {"a": 2, "b": 3}}'
USAGE = dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "total_tokens"), 0)
REPORT = {"status": "completed", "stop_reason": "end", "text": '{"sum":5}', "usage": USAGE, "cost": 0.0}
AGENT_ROWS = {
    "an agent that calls a tool": Row(
        tool="ask_worker", arguments={"prompt": PROMPT}, text='{"sum":5}', status="ok", structured=REPORT
    ),
    "an agent that is chosen by its arguments": Row(
        tool="run_prompt",
        arguments={"prompt": PROMPT, "agent": "worker"},
        text='{"sum":5}',
        status="ok",
        structured=REPORT,
    ),
}
"""No agent has these tools: it delegates."""


@pytest.mark.parametrize("agents", AGENTS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_call_is_decided_answered_and_recorded_alike_behind_every_door(
    tmp_path: Path, door: str, agents: str
) -> None:
    rows = ROWS if agents else {**ROWS, **AGENT_ROWS}
    async with entering(tmp_path, door) as opened:
        await check(rows, opened.house(agents), way_of(door, agents), opened.door)


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_call_is_decided_answered_and_recorded_alike_in_a_loop_that_the_program_runs(
    tmp_path: Path, loop: str
) -> None:
    desk = {"asked with nobody there"} if loop == RUNTIME else set[str]()  # at its desk an ask waits for somebody
    async with looping(tmp_path, loop) as house:
        reader = house.place if isinstance(house.place, ByRuntime) else None
        await check({name: row for name, row in ROWS.items() if name not in desk}, house, LOOP_WAYS[loop], reader)


class Reader(Protocol):
    async def read(self, reference: str) -> str: ...


async def check(rows: Mapping[str, Row], house: House, way: Way, reader: Reader | None) -> None:
    """Make the calls, and one that is cancelled; whoever made them reads what was too long, where it is kept."""
    seen = {name: await house.call(row.tool, row.arguments, row.user) for name, row in rows.items()}
    long = seen["too large"][0]
    if reader:
        reference = reference_in(long.text)
        assert await reader.read(reference) == LONG
        seen["too large"] = replace(long, text=long.text.replace(reference, "{ref}")), seen["too large"][1]
    expected = {name: (row.told(way), row.entry(way)) for name, row in rows.items()}
    differing = {name for name in expected if seen[name] != expected[name]}
    assert {name: seen[name] for name in differing} == {name: expected[name] for name in differing}
    assert await house.cancel(CANCELLED.tool) == CANCELLED.entry(way)
    assert (house.yard.root / "data/taken.txt").read_text() == "as it was\n"
    assert (house.yard.root / LAUNCHED).read_text() == "moon\n"


OWN = {"add", "crash", "dawdle", "fail", "launch", "list", "move", "read", "sign", "tell", "wait", "write"}
TEAM = {"ask_worker", "run_prompt"}
HIDDEN = {"edit", "fetch", "forbidden", "nowhere"}


@pytest.mark.parametrize("door", DOORS)
async def test_what_is_listed_is_found_and_what_is_not_is_unknown_behind_every_door(tmp_path: Path, door: str) -> None:
    async with entering(tmp_path, door) as opened:
        assert await opened.door.listed() == OWN | TEAM
        for agents in AGENTS:
            house = opened.house(agents)
            missing = HIDDEN | (TEAM if agents else {"delegate"})
            rules = {name: await rule_of(house, name) for name in OWN | TEAM | missing}
            assert {name for name, rule in rules.items() if rule != "input_schema"} == missing
            assert {rules[name] for name in missing} == {"registry", "tools.deny", "network", "file_write"}


async def rule_of(house: House, tool: str) -> str:
    """Which rule refuses a call that no schema takes; a tool that is there says what is wrong with it."""
    told, recorded = await house.call(tool, {"no such field": True}, "nobody")
    assert (recorded.decision, recorded.events) == ("deny", REFUSED)
    assert told.text.startswith("invalid arguments: ") == (recorded.rule == "input_schema")
    return recorded.rule


async def test_an_agents_model_is_offered_exactly_what_it_can_call(tmp_path: Path) -> None:
    async with entering(tmp_path, PYTHON) as opened:
        assert isinstance(opened.door, Embedded)
        assert opened.door.alone.team
        for name, more in (("worker", {"resolve_ref"}), ("chief", {"resolve_ref", "delegate"})):
            model = FakeModel()
            model.add_response("done")
            opened.door.alone.team.agents[name].model = model
            await opened.door.call("run_prompt", {"prompt": "hello", "agent": name}, "nobody")
            (request,) = model.requests
            assert {tool.name for tool in request.tools} == OWN | more


@pytest.mark.parametrize("name", ROWS)
async def test_explain_says_without_running_anything_what_is_decided(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    async with entering(tmp_path, PYTHON) as opened:
        assert isinstance(opened.door, Embedded)
        runtime = opened.door.alone
        decision = runtime.gate("mcp").explain(
            ToolCall(tool=row.tool, arguments=row.arguments), runtime.caller("python")
        )
        assert opened.yard.records() == []
    verdict = "ask" if row.rule == "tool.approval" else row.decision
    assert (decision.verdict, decision.rule) == (verdict, row.rule)
    assert not (tmp_path / LAUNCHED).exists()
