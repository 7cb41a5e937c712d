"""A decision that was made before holds until the tool, the profile or the machine is another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.door import Runs, act, open_door, profile_of
from tests.kernel.strategies import effects, names, patterns, profiles, tools
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decided import MOST, Decided
from toolyard_kernel.calls.decisions import decide
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.builtin import READONLY, UNRESTRICTED
from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio


@given(tools(), st.lists(st.tuples(profiles(), effects), max_size=4))
def test_what_was_decided_before_is_what_would_be_decided_now(
    tool: Tool, asked: list[tuple[PermissionProfile, frozenset[Effect]]]
) -> None:
    decided = Decided(tool)
    for profile, more in (*asked, *asked):
        assert decided.under(profile, more) == decide(tool, profile, more)
        assert decided.under(profile) == decide(tool, profile)


def test_profiles_that_come_and_go_never_get_the_decision_of_another_one() -> None:
    tool = act(Runs(), effects=["shell"])
    decided = Decided(tool)
    for number in range(2 * MOST + 2):
        profile = profile_of(shell="off" if number % 3 else "unrestricted")
        assert decided.under(profile) == decide(tool, profile)


@given(names, st.lists(patterns, max_size=4))
def test_a_list_holds_the_names_that_one_of_its_patterns_covers(name: str, listed: list[str]) -> None:
    covered = [name.startswith(one[:-1]) if one.endswith("*") else name == one for one in listed]
    assert (name in Names(listed)) == any(covered)


async def test_a_tool_that_was_replaced_is_decided_anew_by_every_gate_that_knew_it(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs))
    registry, bounded = door.gate.registry, replace(door.gate, bound=READONLY)
    caller = Caller(id="tester", profile=READONLY)
    assert (await door.call("act", profile=READONLY)).ok
    assert [entry.name for entry in bounded.visible(caller)] == ["act"]
    registry.remove("act")
    assert (await door.call("act", profile=READONLY)).decision.rule == "registry"
    registry.register(act(runs, effects=["database.write"]))
    assert (await door.call("act", profile=READONLY)).decision.rule == "database"
    assert (door.listed(READONLY), list(bounded.visible(caller))) == ([], [])
    assert len(runs.arguments) == 1


async def test_a_profile_that_was_changed_decides_from_the_next_call_on(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, act(runs, effects=["shell"]))
    assert (await door.call("act", profile=UNRESTRICTED)).ok
    narrower = UNRESTRICTED.model_copy(update={"shell": "off"})
    assert (await door.call("act", profile=narrower)).decision.rule == "shell"
    assert (door.listed(UNRESTRICTED), door.listed(narrower)) == (["act"], [])


async def test_what_a_machine_lacks_is_looked_at_for_each_call(tmp_path: Path) -> None:
    lacking: list[str] = []

    def unavailable(profile: PermissionProfile) -> str | None:
        return "".join(lacking) or None

    tool = replace(act(Runs(), effects=["shell"]), unavailable=unavailable)
    door = open_door(tmp_path, tool)
    assert (await door.call("act")).ok
    lacking.append("bwrap is gone")
    assert (await door.call("act")).decision.rule == "backend"
    assert door.listed(UNRESTRICTED) == []
    lacking.clear()
    assert (await door.call("act")).ok
