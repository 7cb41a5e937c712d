"""What each profile says to each kind of tool, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.door import OPEN, profile_of
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.decisions import Decision, decide
from toolyard_kernel.effects import EFFECTS, Effect
from toolyard_kernel.profiles.builtin import BUILT_IN, READONLY, UNRESTRICTED
from toolyard_kernel.tools.tool import Approval, Tool

ALL_EFFECTS: list[Effect] = [
    "files.read", "files.write", "shell", "database.read", "database.write", "network", "agents", "custom", "upstream"
]  # fmt: skip


def tool(*effects: Effect, name: str = "act", approval: Approval = "auto", **more: Any) -> Tool:
    def nothing(arguments: Any, ctx: ToolContext) -> None:
        return None

    return Tool(
        name=name,
        description="",
        input_schema=OPEN,
        handler=nothing,
        effects=frozenset(effects or ("custom",)),
        approval=approval,
        **more,
    )


@pytest.mark.parametrize(
    ("profile", "verdicts"),
    [
        ("readonly", "allow deny allow allow deny deny allow allow deny"),
        ("developer", "allow allow allow allow deny deny allow allow ask"),
        ("unrestricted", "allow allow allow allow allow allow allow allow allow"),
    ],
)
def test_the_built_in_profiles_decide_by_effect(profile: str, verdicts: str) -> None:
    assert sorted(ALL_EFFECTS) == sorted(EFFECTS)
    decided = [decide(tool(effect), BUILT_IN[profile]).verdict for effect in ALL_EFFECTS]
    assert decided == verdicts.split()


def test_bash_only_has_bash_which_asks_and_no_other_tool() -> None:
    profile = BUILT_IN["developer-bash-only"]
    assert decide(tool("shell", name="bash"), profile).verdict == "ask"
    for other in (tool("shell", name="sh"), tool("custom"), tool("files.read", name="read")):
        assert decide(other, profile).verdict == "deny"


def test_one_effect_that_is_not_granted_denies_the_tool() -> None:
    decision = decide(tool("files.read", "network"), READONLY)
    assert decision == Decision(
        verdict="deny",
        rule="network",
        reason="tool 'act' has the effect network; profile 'readonly' says network: off",
    )


@pytest.mark.parametrize(
    ("fields", "effect", "verdict"),
    [
        ({"shell": "off"}, "shell", "deny"),
        ({"shell": "restricted"}, "shell", "allow"),
        ({"shell": "unrestricted"}, "shell", "ask"),
        ({"file_write": "off"}, "files.write", "deny"),
        ({"file_write": "create-only"}, "files.write", "ask"),
        ({"file_write": "full"}, "files.write", "ask"),
        ({}, "files.read", "allow"),
        ({"database": "off"}, "database.read", "deny"),
        ({"database": "readonly"}, "database.read", "allow"),
        ({"database": "readonly"}, "database.write", "deny"),
        ({"database": "mutations"}, "database.write", "ask"),
        ({"network": ["example.com"]}, "network", "ask"),
        ({"agents": ["act"]}, "agents", "allow"),
        ({"agents": ["other"]}, "agents", "deny"),
        ({"upstream": ["act"]}, "upstream", "ask"),
        ({"upstream": ["ac*"]}, "upstream", "ask"),
        ({"upstream": ["acts"]}, "upstream", "deny"),
        ({}, "custom", "allow"),
    ],
)
def test_each_field_grants_its_effect_and_dangerous_asks_for_the_dangerous_ones(
    fields: dict[str, Any], effect: Effect, verdict: str
) -> None:
    assert decide(tool(effect), profile_of(**fields)).verdict == verdict


def test_agents_and_upstream_tools_are_matched_by_their_subject() -> None:
    profile = profile_of(agents=["writer"], upstream=["github.*"], approval={"mode": "none"})
    assert decide(tool("agents", name="run_writer", subject="writer"), profile).verdict == "allow"
    assert decide(tool("agents", name="writer", subject="spy"), profile).verdict == "deny"
    assert decide(tool("upstream", name="gh", subject="github.search"), profile).verdict == "allow"
    assert decide(tool("upstream", name="github.search", subject="gitlab.search"), profile).verdict == "deny"


@pytest.mark.parametrize(
    ("rules", "verdict", "rule"),
    [
        ({"deny": ["act"]}, "deny", "tools.deny"),
        ({"deny": ["a*"]}, "deny", "tools.deny"),
        ({"deny": ["act"], "allow": ["act"]}, "deny", "tools.deny"),
        ({"deny": ["act2"]}, "allow", "profile"),
        ({"allow": ["other", "also*"]}, "deny", "tools.allow"),
        ({"allow": "off"}, "deny", "tools.allow"),
        ({"allow": ["act"]}, "allow", "profile"),
    ],
)
def test_tool_rules_narrow(rules: dict[str, Any], verdict: str, rule: str) -> None:
    decision = decide(tool(), profile_of(tools=rules))
    assert (decision.verdict, decision.rule) == (verdict, rule)


def test_tool_rules_grant_no_effect() -> None:
    assert decide(tool("shell"), profile_of(tools={"allow": ["act"]})).rule == "shell"


@pytest.mark.parametrize("mode", ["none", "granular", "dangerous", "all"])
def test_a_tool_that_always_asks_asks_under_every_profile(mode: str) -> None:
    decision = decide(tool(approval="always"), profile_of(approval={"mode": mode}))
    assert (decision.verdict, decision.rule) == ("ask", "tool.approval")


def test_a_tool_that_never_asks_does_not_overrule_its_profile() -> None:
    assert decide(tool(approval="never"), profile_of(approval={"mode": "all"})).verdict == "ask"
    assert decide(tool("shell", approval="never"), profile_of(shell="off")).verdict == "deny"


@pytest.mark.parametrize(
    ("mode", "asking"),
    [
        ("none", set[str]()),
        ("granular", {"database.write", "upstream"}),
        ("dangerous", {"files.write", "shell", "database.write", "network", "upstream"}),
        ("all", set(ALL_EFFECTS)),
    ],
)
def test_each_mode_asks_for_more_than_the_one_before(mode: str, asking: set[str]) -> None:
    profile = UNRESTRICTED.model_copy(update={"approval": profile_of(approval={"mode": mode}).approval})
    verdicts = {effect: decide(tool(effect), profile).verdict for effect in EFFECTS}
    assert {effect for effect, verdict in verdicts.items() if verdict == "ask"} == asking


def test_granular_spares_upstream_tools_that_say_they_only_read() -> None:
    profile = BUILT_IN["developer"]
    assert decide(tool("upstream", read_only=True), profile).verdict == "allow"
    assert decide(tool("upstream", read_only=False), profile).verdict == "ask"


def test_the_word_of_an_upstream_server_never_grants() -> None:
    assert decide(tool("upstream", read_only=True), READONLY).verdict == "deny"
    assert decide(tool("database.write", read_only=True), READONLY).verdict == "deny"
    dangerous = profile_of(upstream="all")
    assert decide(tool("upstream", read_only=True), dangerous).verdict == "ask"


@pytest.mark.parametrize(
    ("approval", "rule", "reason"),
    [
        ({"required_tools": ["act"]}, "approval.required_tools", "profile 'custom' asks for the tool 'act'"),
        (
            {"required_effects": ["custom"]},
            "approval.required_effects",
            "profile 'custom' asks for 'act' with the effect custom",
        ),
        ({"mode": "all"}, "approval.mode: all", "profile 'custom' asks for 'act'"),
    ],
)
def test_a_decision_names_its_rule_and_its_reason(approval: dict[str, Any], rule: str, reason: str) -> None:
    decision = decide(tool(), profile_of(approval={"mode": "none", **approval}))
    assert decision == Decision(verdict="ask", rule=rule, reason=reason)


def test_the_effects_that_ask_are_named() -> None:
    profile = profile_of(shell="unrestricted", file_write="full")
    decision = decide(tool("shell", "files.write", "custom"), profile)
    assert decision.rule == "approval.mode: dangerous"
    assert decision.reason == "profile 'custom' asks for 'act' with the effect files.write, shell"


def test_an_allowed_tool_says_what_granted_it() -> None:
    decision = decide(tool("custom", "files.read"), READONLY)
    assert decision == Decision(
        verdict="allow", rule="profile", reason="profile 'readonly' grants custom, files.read to 'act'"
    )


@pytest.mark.parametrize(
    ("file_write", "verdicts"), [("off", "deny deny"), ("create-only", "allow deny"), ("full", "allow allow")]
)
def test_a_tool_that_changes_files_needs_more_than_one_that_makes_them(file_write: str, verdicts: str) -> None:
    profile = profile_of(file_write=file_write, approval={"mode": "none"})
    decisions = [decide(tool("files.write", overwrites=overwrites), profile) for overwrites in (False, True)]
    assert [decision.verdict for decision in decisions] == verdicts.split()
    for decision in (each for each in decisions if each.verdict == "deny"):
        assert (decision.rule, f"file_write: {file_write}" in decision.reason) == ("file_write", True)


@pytest.mark.parametrize("overwrites", [False, True])
def test_only_the_effect_of_writing_files_is_ruled_by_what_may_be_overwritten(*, overwrites: bool) -> None:
    profile = profile_of(shell="unrestricted", approval={"mode": "none"})
    assert decide(tool("shell", "files.read", overwrites=overwrites), profile).verdict == "allow"
