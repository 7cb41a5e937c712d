"""`a & b` grants nothing, and lets nothing pass unasked, that either side would not."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from tests.kernel.door import act, profile_of
from tests.kernel.strategies import name_sets, profiles, tools
from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.asking import answer
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decisions import decide
from toolyard_kernel.calls.doors import NO_DOOR
from toolyard_kernel.effects import EFFECTS
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import Limits
from toolyard_kernel.tools.tool import Tool

STRICTNESS = ("allow", "ask", "deny")

EVERY_NAME = ["".join(letters) for length in (1, 2, 3) for letters in product("ab", repeat=length)]


def strictness(tool: Tool, profile: PermissionProfile) -> int:
    return STRICTNESS.index(decide(tool, profile).verdict)


def reaches_allow(profile: PermissionProfile) -> bool:
    ends = [answerer for answerer in profile.approval.on_ask if answerer in ("allow", "deny")]
    return ends[:1] == ["allow"]


def asked(profile: PermissionProfile) -> list[str]:
    """Whom the profile turns to before it answers by itself."""
    order: list[str] = [*profile.approval.on_ask, "deny"]
    return order[: min(order.index(end) for end in ("allow", "deny") if end in order)]


def most(limits: Limits) -> list[float]:
    """Every limit as a number."""
    return [float("inf") if value is None else value for value in dict(limits).values()]


@settings(max_examples=500)
@given(tools(), profiles(), profiles())
def test_two_profiles_are_as_strict_as_the_stricter_one(tool: Tool, a: PermissionProfile, b: PermissionProfile) -> None:
    assert strictness(tool, a & b) >= max(strictness(tool, a), strictness(tool, b))


@settings(max_examples=300)
@given(tools(), profiles(), profiles(), profiles())
def test_three_profiles_are_as_strict_as_the_strictest_however_they_are_paired(
    tool: Tool, a: PermissionProfile, b: PermissionProfile, c: PermissionProfile
) -> None:
    strictest = max(strictness(tool, profile) for profile in (a, b, c))
    assert strictness(tool, (a & b) & c) == strictness(tool, a & (b & c)) >= strictest


@given(tools(), profiles(), profiles())
def test_the_order_does_not_matter(tool: Tool, a: PermissionProfile, b: PermissionProfile) -> None:
    assert strictness(tool, a & b) == strictness(tool, b & a)
    assert (a & b).limits == (b & a).limits
    assert (a & b).approval.deadline == (b & a).approval.deadline
    assert reaches_allow(a & b) == reaches_allow(b & a)
    assert sorted(set(asked(a & b))) == sorted(set(asked(b & a)))


@given(tools(), profiles())
def test_a_profile_with_itself_is_itself(tool: Tool, profile: PermissionProfile) -> None:
    twice = profile & profile
    assert decide(tool, twice) == decide(tool, profile)
    assert (twice.profile, twice.description, twice.limits) == (profile.profile, profile.description, profile.limits)
    assert (reaches_allow(twice), asked(twice)) == (reaches_allow(profile), asked(profile))


@given(profiles(), profiles())
def test_no_limit_is_above_that_of_either_side(a: PermissionProfile, b: PermissionProfile) -> None:
    both = most((a & b).limits)
    assert both == [min(pair) for pair in zip(most(a.limits), most(b.limits), strict=True)]
    assert (a & b).approval.deadline == min(a.approval.deadline, b.approval.deadline)


@given(profiles(), profiles())
def test_an_ask_is_answered_with_allow_only_where_both_say_so(a: PermissionProfile, b: PermissionProfile) -> None:
    if reaches_allow(a & b):
        assert reaches_allow(a)
        assert reaches_allow(b)


@given(profiles(), profiles())
def test_nobody_whom_either_side_asks_first_is_skipped_on_the_way_to_an_allow(
    a: PermissionProfile, b: PermissionProfile
) -> None:
    if reaches_allow(a & b):
        assert set(asked(a & b)) == set(asked(a)) | set(asked(b))


@given(profiles(), profiles())
def test_nobody_answers_whom_one_side_would_never_ask(a: PermissionProfile, b: PermissionProfile) -> None:
    for side in (a, b):
        at_once_allowed = reaches_allow(side) and not asked(side)
        assert at_once_allowed or set(asked(a & b)) <= set(asked(side))


async def _answered(profile: PermissionProfile) -> bool:
    ask = Ask(call_id="1", tool="act", arguments={}, reason="", caller=Caller(id="x", profile=profile), binding="")
    with TemporaryDirectory() as state:
        return (await answer(ask, None, NO_DOOR, Approvals(Path(state)))).approved


def _run(profile: PermissionProfile) -> bool:
    try:
        _answered(profile).send(None)
    except StopIteration as done:
        return bool(done.value)
    raise AssertionError("the answer waits for somebody")


@given(profiles(), profiles())
def test_nobody_is_let_pass_without_an_approver_whom_either_side_would_stop(
    a: PermissionProfile, b: PermissionProfile
) -> None:
    assert not _run(a & b) or (_run(a) and _run(b))


@settings(max_examples=300)
@given(name_sets(), name_sets())
def test_names_meet_in_exactly_the_names_that_both_have(a: Names, b: Names) -> None:
    for name in EVERY_NAME:
        assert (name in (a & b)) == (name in a and name in b)
        assert (name in (a | b)) == (name in a or name in b)


@given(name_sets(), name_sets())
def test_names_that_share_nothing_are_off(a: Names, b: Names) -> None:
    shared = [pattern for pattern in a.patterns | b.patterns if pattern.removesuffix("*") in (a & b)]
    assert bool(a & b) == bool(shared)
    assert (a & b).to_yaml() == "off" or shared


@pytest.mark.parametrize(
    "fields",
    [
        {"shell": "restricted"},
        {"shell": "off"},
        {"file_write": "off"},
        {"database": "readonly"},
        {"database": "off"},
        {"network": "off"},
        {"agents": "off"},
        {"upstream": ["other*"]},
        {"tools": {"allow": ["other"]}},
        {"tools": {"deny": ["a*"]}},
        {"approval": {"mode": "granular"}},
        {"approval": {"mode": "dangerous"}},
        {"approval": {"mode": "all"}},
        {"approval": {"mode": "none", "required_tools": ["act"]}},
        {"approval": {"mode": "none", "required_effects": ["agents"]}},
    ],
)
def test_who_meets_a_caller_without_bounds_is_bound_as_before(fields: dict[str, Any]) -> None:
    unbound = BUILT_IN["unrestricted"]
    bound = PermissionProfile.model_validate({**unbound.model_dump(), **fields})
    for effect in EFFECTS:
        tool = act(lambda arguments, ctx: None, effects=[effect])
        assert decide(tool, unbound).verdict == "allow"
        verdicts = {decide(tool, profile).verdict for profile in (bound, bound & unbound, unbound & bound)}
        assert verdicts == {decide(tool, bound).verdict}


def test_an_ask_for_an_unrestricted_shell_survives_a_side_that_confines_the_shell() -> None:
    asks, confines = profile_of(shell="unrestricted"), profile_of(shell="restricted", approval={"mode": "none"})
    bash = act(lambda arguments, ctx: None, effects=["shell"])
    assert [decide(bash, profile).verdict for profile in (asks, confines, asks & confines, confines & asks)] == [
        "ask", "allow", "ask", "ask"
    ]  # fmt: skip
    assert decide(bash, confines & confines).verdict == "allow"


def test_the_name_says_which_profiles_met() -> None:
    both = BUILT_IN["readonly"] & BUILT_IN["developer"]
    assert (both.profile, both.description) == ("readonly & developer", "")


def test_readonly_met_by_developer_reads_and_asks_what_developer_would_ask() -> None:
    both = BUILT_IN["readonly"] & BUILT_IN["developer"]
    assert (both.shell, both.file_write, both.database) == ("restricted", "off", "readonly")
    assert (both.network, both.agents, both.upstream) == (Names(), Names("*"), Names())
    assert both.approval.mode == "dangerous"


def test_an_allow_at_once_leaves_the_answer_to_the_other_side() -> None:
    def on_ask(*order: str) -> PermissionProfile:
        return profile_of(approval={"on_ask": order})

    assert (on_ask("allow") & on_ask("elicit", "deny")).approval.on_ask == ("elicit", "deny")
    assert (on_ask("elicit", "allow") & on_ask("allow")).approval.on_ask == ("elicit", "allow")
    assert (on_ask("elicit", "allow") & on_ask("queue", "allow")).approval.on_ask == ("deny",)
    assert (on_ask("elicit", "queue", "deny") & on_ask("queue", "elicit")).approval.on_ask == (
        "elicit",
        "queue",
        "deny",
    )
    assert (on_ask() & on_ask("allow")).approval.on_ask == ()
    assert (on_ask("deny", "allow") & on_ask("allow")).approval.on_ask == ("deny",)
