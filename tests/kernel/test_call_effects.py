"""What a call does may depend on its arguments, and on what this machine has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.door import Runs, act, open_door, profile_of
from toolyard_kernel.calls.decisions import decide, possible_effects
from toolyard_kernel.effects import Effect
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.profiles.builtin import READONLY
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool

pytestmark = pytest.mark.anyio

MUTATIONS = profile_of(database="mutations", approval={"mode": "granular"})
WRITES: frozenset[Effect] = frozenset({"database.write"})


def _writes(arguments: Any, profile: PermissionProfile) -> frozenset[Effect]:
    return WRITES if arguments.get("write") else frozenset()


def query(runs: Runs, **more: Any) -> Tool:
    given = {"may": WRITES, "call_effects": _writes, **more}
    return replace(act(runs, effects=["database.read"]), **given)


async def test_a_call_that_does_more_than_every_call_is_decided_by_what_it_does(tmp_path: Path) -> None:
    runs = Runs()
    door = open_door(tmp_path, query(runs))
    assert (await door.call("act", {}, profile=MUTATIONS)).ok
    outcome = await door.call("act", {"write": True}, profile=MUTATIONS)
    assert (outcome.status, outcome.decision.rule, outcome.hidden) == ("denied", "approval.mode: granular", False)
    assert runs.arguments == [{}]
    assert door.explain("act", {"write": True}, profile=MUTATIONS).verdict == "ask"


async def test_what_the_profile_does_not_grant_is_refused_to_this_call_and_the_tool_stays_listed(
    tmp_path: Path,
) -> None:
    runs = Runs()
    door = open_door(tmp_path, query(runs))
    outcome = await door.call("act", {"write": True}, profile=READONLY)
    assert (outcome.status, outcome.hidden, runs.arguments) == ("denied", False, [])
    assert "database.write" in outcome.text
    assert door.listed(READONLY) == ["act"]


async def test_a_call_is_refused_when_what_it_would_do_cannot_be_told(tmp_path: Path) -> None:
    def broken(arguments: Any, profile: PermissionProfile) -> frozenset[Effect]:
        raise OSError("secret path")

    def undeclared(arguments: Any, profile: PermissionProfile) -> frozenset[Effect]:
        return frozenset({"network"})

    for rule in (broken, undeclared):
        runs = Runs()
        door = open_door(tmp_path, query(runs, call_effects=rule))
        outcome = await door.call("act", {})
        assert (outcome.status, outcome.decision.rule, runs.arguments) == ("denied", "effects", [])
        assert "secret" not in outcome.text


def test_what_calls_may_do_at_most_is_what_the_profile_grants() -> None:
    made = query(Runs())
    assert possible_effects(made, READONLY) == {"database.read"}
    assert possible_effects(made, MUTATIONS) == {"database.read", "database.write"}


def test_an_unknown_effect_that_some_calls_may_have_is_refused() -> None:
    with pytest.raises(DefinitionError, match="unknown effects"):
        Registry().register(query(Runs(), may=frozenset({"fly"})))


async def test_a_tool_that_cannot_run_here_does_not_exist_and_explain_says_how_to_get_it(tmp_path: Path) -> None:
    def lacking(profile: PermissionProfile) -> str | None:
        return "bubblewrap is missing; install it" if profile.shell == "restricted" else None

    runs = Runs()
    door = open_door(tmp_path, replace(act(runs, effects=["shell"]), unavailable=lacking))
    assert door.listed(READONLY) == []
    outcome = await door.call("act", profile=READONLY)
    assert (outcome.status, outcome.hidden, runs.arguments) == ("denied", True, [])
    decision = door.explain("act", profile=READONLY)
    assert (decision.verdict, decision.rule) == ("deny", "backend")
    assert "bubblewrap is missing; install it" in decision.reason
    assert door.listed(profile_of(shell="unrestricted")) == ["act"]


def test_a_restricted_shell_asks_where_its_sandbox_may_write() -> None:
    bash = act(Runs(), effects=["shell"])
    for file_write, verdict in {"off": "allow", "create-only": "allow", "full": "ask"}.items():
        assert decide(bash, profile_of(shell="restricted", file_write=file_write)).verdict == verdict
    writes, reads = profile_of(shell="restricted", file_write="full"), profile_of(shell="restricted")
    assert decide(bash, writes & reads).verdict == decide(bash, reads & writes).verdict == "ask"
