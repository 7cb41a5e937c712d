"""One behaviour behind every door: the same decision, the same outcome and the same record, whoever carries the call.

Each row is a call. It is made embedded, over stdio and over HTTP in both eras, and by an agent behind each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.server.three_doors import AGENTS, DOORS, PYTHON, Embedded, House, Recorded, Told, User, house, reference_in
from tests.server.three_doors_tools import LAUNCHED, LONG
from toolyard.testing import FakeModel

pytestmark = pytest.mark.anyio

RAN, REFUSED = ("start", "end"), ("refusal",)
ASKS = "tool 'launch' declares approval: always"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A call, and what must come of it. `recorded` are the arguments as the ledger has them, if others than given.

    `hidden` says that a client must see an unknown tool. In `text`, `{profile}` is the profile of whoever makes the
    call, `{by}` says who refused, and `{ref}` is the id of a reference.
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

    def told(self, opened: House, agents: str) -> Told:
        """What whoever made this call must be told: a client less of what is hidden, and a model only texts."""
        if self.hidden and opened.door != PYTHON and not agents:
            return Told(text=f"Unknown tool: {self.tool}", failed=True)
        by = "" if opened.door == PYTHON else " by the user"
        text = self.text.replace("{profile}", profile_of(agents)).replace("{by}", by)
        return Told(text=text) if agents else Told(text=text, failed=self.status != "ok", structured=self.structured)

    def entry(self, opened: House, agents: str) -> Recorded:
        """What the ledger must say. Only a client of 2026-07-28 is asked by another round."""
        return Recorded(
            events=self.events,
            caller=f"{opened.caller}{agents}",
            profile=profile_of(agents),
            decision=self.decision,
            rule=self.rule,
            status=self.status,
            arguments=self.arguments if self.recorded is None else self.recorded,
            waits=1 if opened.modern and self.user != "nobody" else 0,
        )


def profile_of(agents: str) -> str:
    return "doors & unrestricted" if agents.endswith("/wide") else "doors"


def refused(tool: str, text: str, rule: str, status: str = "denied", **more: Any) -> Row:
    return Row(tool=tool, text=text, status=status, decision="deny", rule=rule, events=REFUSED, **more)


def hidden(tool: str, text: str, rule: str, *names: str) -> Row:
    """A tool that is not there for this caller; whatever it is given may be a secret, so that only names are kept."""
    given, kept = dict.fromkeys(names, "x"), dict.fromkeys(names, "[redacted]")
    return refused(tool, text, rule, hidden=True, arguments=given, recorded=kept)


SHORTENED = (
    f"{LONG[:1000]}\n[… {len(LONG) - 2000} of {len(LONG)} bytes left out: the limit is 2000 (output_bytes); "
    f"read the whole at toolyard://references/{{ref}} …]\n{LONG[-1000:]}"
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
    "timed out": Row(tool="dawdle", text="'dawdle' did not end within 0.1s", status="timeout"),
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
    seen: dict[str, tuple[Told, Recorded]] = {}
    async with house(tmp_path, door) as opened:
        expected = {name: (row.told(opened, agents), row.entry(opened, agents)) for name, row in rows.items()}
        for name, row in rows.items():
            told, recorded = await opened.call(agents, row.tool, row.arguments, row.user)
            seen[name] = await in_general(opened, told), recorded
        seen["cancelled"] = Told(text=""), await opened.cancel(agents, CANCELLED.tool)
        expected["cancelled"] = Told(text=""), CANCELLED.entry(opened, agents)
    differing = {name for name in expected if seen[name] != expected[name]}
    assert {name: seen[name] for name in differing} == {name: expected[name] for name in differing}
    assert (tmp_path / "data/taken.txt").read_text() == "as it was\n"
    assert (tmp_path / LAUNCHED).read_text() == "moon\n"


async def in_general(opened: House, told: Told) -> Told:
    """Without the id of a reference, under which the caller has read the whole."""
    if "/ref_" not in told.text:
        return told
    reference = reference_in(told.text)
    assert await opened.place.read(reference) == LONG
    return Told(text=told.text.replace(reference, "{ref}"), failed=told.failed, structured=told.structured)


OWN = {"add", "crash", "dawdle", "fail", "launch", "list", "move", "read", "sign", "tell", "wait", "write"}
TEAM = {"ask_worker", "run_prompt"}
HIDDEN = {"edit", "fetch", "forbidden", "nowhere"}


@pytest.mark.parametrize("door", DOORS)
async def test_what_is_listed_is_found_and_what_is_not_is_unknown_behind_every_door(tmp_path: Path, door: str) -> None:
    async with house(tmp_path, door) as opened:
        assert await opened.place.listed() == OWN | TEAM
        for agents in AGENTS:
            missing = HIDDEN | (TEAM if agents else {"delegate"})
            rules = {name: await rule_of(opened, agents, name) for name in OWN | TEAM | missing}
            assert {name for name, rule in rules.items() if rule != "input_schema"} == missing
            assert {rules[name] for name in missing} == {"registry", "tools.deny", "network", "file_write"}


async def rule_of(opened: House, agents: str, tool: str) -> str:
    """Which rule refuses a call that no schema takes; a tool that is there says what is wrong with it."""
    told, recorded = await opened.call(agents, tool, {"no such field": True}, "nobody")
    assert (recorded.decision, recorded.events) == ("deny", REFUSED)
    assert told.text.startswith("invalid arguments: ") == (recorded.rule == "input_schema")
    return recorded.rule


async def test_an_agents_model_is_offered_exactly_what_it_can_call(tmp_path: Path) -> None:
    async with house(tmp_path, PYTHON) as opened:
        assert isinstance(opened.place, Embedded)
        assert opened.place.alone.team
        for name, more in (("worker", set[str]()), ("chief", {"delegate"})):
            model = FakeModel()
            model.add_response("done")
            opened.place.alone.team.agents[name].model = model
            await opened.place.call("run_prompt", {"prompt": "hello", "agent": name}, "nobody")
            (request,) = model.requests
            assert {tool.name for tool in request.tools} == OWN | more
