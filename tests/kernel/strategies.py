"""Any profile and any tool, for tests of what holds for all of them."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from tests.kernel.door import OPEN
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import Answerer, ApprovalRules, Limits, Mode, ToolRules
from toolyard_kernel.tools.tool import Approval, Tool

# Few letters, so that names and patterns meet often.
names = st.text("ab", min_size=1, max_size=2)
patterns = st.one_of(names, names.map(lambda name: f"{name}*"), st.just("*"))
effects = st.frozensets(st.sampled_from(get_args(Effect)), max_size=3)
durations = st.one_of(st.sampled_from([0.25, 1.0, 90.0, 2_592_000.0]), st.floats(min_value=0.001, max_value=1e6))


def name_sets() -> st.SearchStrategy[Names]:
    return st.lists(patterns, max_size=3).map(Names)


def limits() -> st.SearchStrategy[Limits]:
    most = st.none() | st.integers(1, 99)
    return st.builds(
        Limits,
        timeout=durations,
        output_bytes=st.integers(1, 10_000),
        max_turns=most,
        max_tokens=most,
        max_cost=st.none() | st.floats(min_value=0.01, max_value=9),
        depth=st.integers(0, 5),
        fan_out=st.integers(1, 9),
    )


def profiles() -> st.SearchStrategy[PermissionProfile]:
    approval = st.builds(
        ApprovalRules,
        mode=st.sampled_from(get_args(Mode)),
        required_tools=st.just(Names()) | name_sets(),
        required_effects=effects,
        on_ask=st.lists(st.sampled_from(get_args(Answerer)), max_size=3).map(tuple),
        deadline=durations,
    )
    return st.builds(
        PermissionProfile,
        profile=st.sampled_from(["one", "two"]),
        description=st.sampled_from(["", "Mine."]),
        shell=st.sampled_from(["off", "restricted", "unrestricted"]),
        file_write=st.sampled_from(["off", "create-only", "full"]),
        database=st.sampled_from(["off", "readonly", "mutations"]),
        network=name_sets(),
        agents=name_sets(),
        upstream=name_sets(),
        tools=st.builds(ToolRules, allow=st.just(Names("*")) | name_sets(), deny=st.just(Names()) | name_sets()),
        approval=approval,
        limits=limits(),
    )


def _nothing(arguments: Any, ctx: ToolContext) -> None:
    return None


def tools(handler: Any = _nothing) -> st.SearchStrategy[Tool]:
    return st.builds(
        Tool,
        name=names,
        description=st.just(""),
        input_schema=st.just(OPEN),
        handler=st.just(handler),
        effects=effects.filter(bool),
        approval=st.sampled_from(get_args(Approval)),
        read_only=st.booleans(),
        subject=st.none() | names,
        inline=st.just(True),
    )
