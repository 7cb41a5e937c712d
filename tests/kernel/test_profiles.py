"""Profiles as people write them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from pydantic import ValidationError

from tests.kernel.door import profile_of
from tests.kernel.strategies import profiles
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.names import ALL, Names
from toolyard_kernel.profiles.profile import PermissionProfile

EVERYTHING = """
profile: my-profile
description: Mine.
shell: restricted
file_write: create-only
database: mutations
network: [api.example.com]
agents: all
upstream: [github.*]
tools: {allow: [read, list], deny: [bash]}
approval:
  mode: granular
  required_tools: [read]
  required_effects: [network]
  on_ask: [elicit, deny]
  deadline: 5m
limits:
  timeout: 90
  output_bytes: 100
  max_turns: 5
  max_tokens: 1000
  max_cost: 0.5
  depth: 0
  fan_out: 2
"""


def read(text: str) -> PermissionProfile:
    return PermissionProfile.model_validate(yaml.safe_load(text) or {})


def refusal(text: str) -> list[str]:
    """Where a profile is wrong."""
    with pytest.raises(ValidationError) as refused:
        read(text)
    return [".".join(map(str, problem["loc"])) for problem in refused.value.errors()]


def test_every_field_is_optional_and_nothing_is_granted_by_default() -> None:
    empty = read("")
    assert (empty.shell, empty.file_write, empty.database) == ("off", "off", "off")
    assert not [names for names in (empty.network, empty.agents, empty.upstream) if names]
    assert (empty.approval.mode, empty.approval.on_ask, empty.approval.deadline) == (
        "dangerous",
        ("elicit", "deny"),
        300,
    )
    limits = empty.limits
    assert (limits.timeout, limits.output_bytes, limits.depth, limits.fan_out) == (120, 20_000, 3, 8)
    assert (limits.max_turns, limits.max_tokens, limits.max_cost) == (None, None, None)


def test_every_field_can_be_written() -> None:
    profile = read(EVERYTHING)
    assert (profile.shell, profile.file_write, profile.database) == ("restricted", "create-only", "mutations")
    assert profile.network == Names(["api.example.com"])
    assert profile.agents == Names([ALL])
    assert "github.search" in profile.upstream
    assert "gitlab.search" not in profile.upstream
    assert (profile.tools.allow, profile.tools.deny) == (Names(["read", "list"]), Names(["bash"]))
    assert profile.approval.required_effects == {"network"}
    assert profile.approval.deadline == 300
    assert (profile.limits.timeout, profile.limits.max_cost, profile.limits.depth) == (90, 0.5, 0)


@pytest.mark.parametrize("field", ["shell", "file_write", "database", "network", "agents", "upstream"])
@pytest.mark.parametrize("written", ["off", '"off"', "'off'", "false"])
def test_off_means_off_quoted_or_not(field: str, written: str) -> None:
    assert read(f"{field}: {written}") == PermissionProfile()


@pytest.mark.parametrize("field", ["network", "agents", "upstream"])
@pytest.mark.parametrize("written", ["all", "any"])
def test_all_and_any_mean_every_name(field: str, written: str) -> None:
    assert read(f"{field}: {written}") == profile_of(**{field: ["*"]})
    assert read(f"{field}: {written}").model_dump()[field] == "all"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("shel: off", "shel"),
        ("shell: on", "shell"),
        ("shell: full", "shell"),
        ("file_write: true", "file_write"),
        ("database: write", "database"),
        ("network: true", "network"),
        ("network: example.com", "network"),
        ("network: 0", "network"),
        ("agents: [off]", "agents"),
        ("agents: [7]", "agents"),
        ("agents: ['']", "agents"),
        ("agents: [' a']", "agents"),
        ("agents: ['a*b']", "agents"),
        ("agents: ['**']", "agents"),
        ("upstream: {a: b}", "upstream"),
        ("tools: [read]", "tools"),
        ("tools: {only: [read]}", "tools.only"),
        ("approval: {mode: sometimes}", "approval.mode"),
        ("approval: {on_ask: [ask]}", "approval.on_ask.0"),
        ("approval: {on_ask: off}", "approval.on_ask"),
        ("approval: {required_effects: [magic]}", "approval.required_effects.0"),
        ("approval: {deadline: 0}", "approval.deadline"),
        ("limits: {time_out: 3}", "limits.time_out"),
        ("limits: {output_bytes: 0}", "limits.output_bytes"),
        ("limits: {depth: -1}", "limits.depth"),
        ("limits: {max_cost: .nan}", "limits.max_cost"),
    ],
)
def test_what_is_not_understood_is_refused_where_it_stands(text: str, where: str) -> None:
    assert refusal(text) == [where]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("300s", 300),
        ("5m", 300),
        ("1h", 3600),
        ("250ms", 0.25),
        ("30", 30),
        ("2.5 m", 150),
        (" 7s ", 7),
        (0.5, 0.5),
        (9, 9),
    ],
)
def test_durations_are_seconds_or_have_a_unit(written: Any, seconds: float) -> None:
    assert profile_of(limits={"timeout": written}).limits.timeout == seconds


@pytest.mark.parametrize(
    "written", ["", "0", "0s", "-1s", "5 minutes", "1d", "s", "1e3", True, None, [], math.inf, math.nan, "9" * 400]
)
def test_anything_else_is_no_duration(written: Any) -> None:
    with pytest.raises(ValidationError, match="expected a length of time such as 300s, 5m or 1h, longer than zero"):
        profile_of(limits={"timeout": written})


@pytest.mark.parametrize("seconds", [0.0000001, 0.001, 1.0, 2_592_000.0, 123_456_789.25, 1e22])
def test_a_duration_is_written_as_it_was_meant(seconds: float) -> None:
    written = profile_of(limits={"timeout": f"{seconds:.9f}"}).model_dump(mode="json")["limits"]["timeout"]
    assert profile_of(limits={"timeout": written}).limits.timeout == float(f"{seconds:.9f}")


@given(profiles())
def test_a_profile_survives_being_written_as_yaml_and_read_again(profile: PermissionProfile) -> None:
    assert read(yaml.safe_dump(profile.model_dump(mode="json"))) == profile
    assert read(yaml.safe_dump(profile.model_dump(mode="json", exclude_defaults=True))) == profile


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_survives_being_written_as_yaml_and_read_again(name: str) -> None:
    profile = BUILT_IN[name]
    assert profile.profile == name
    assert profile.description
    assert read(yaml.safe_dump(profile.model_dump(mode="json"))) == profile


def test_the_built_in_profiles_are_those_of_the_table() -> None:
    table = {
        "readonly": ("restricted", "off", "readonly", "off", "all", "off", "all", "dangerous"),
        "developer": ("unrestricted", "full", "readonly", "off", "all", "all", "all", "granular"),
        "developer-bash-only": ("unrestricted", "off", "off", "off", "off", "off", ["bash"], "dangerous"),
        "unrestricted": ("unrestricted", "full", "mutations", "all", "all", "all", "all", "none"),
    }
    assert {
        name: (
            p.shell,
            p.file_write,
            p.database,
            p.network.to_yaml(),
            p.agents.to_yaml(),
            p.upstream.to_yaml(),
            p.tools.allow.to_yaml(),
            p.approval.mode,
        )
        for name, p in BUILT_IN.items()
    } == table
    assert not any(p.tools.deny or p.approval.required_tools or p.approval.required_effects for p in BUILT_IN.values())
    assert {p.approval.on_ask for p in BUILT_IN.values()} == {("elicit", "deny")}


def test_a_profile_cannot_be_changed() -> None:
    profile = read(EVERYTHING)
    with pytest.raises(ValidationError, match="frozen"):
        profile.shell = "unrestricted"
    with pytest.raises(ValidationError, match="frozen"):
        profile.approval.mode = "none"


def test_the_schema_of_a_profile_can_be_shown() -> None:
    properties = PermissionProfile.model_json_schema()["properties"]
    assert properties["network"]["anyOf"][0]["enum"] == ["off", "all", "any", False]
    assert properties["limits"]["$ref"] == "#/$defs/Limits"


def test_names_show_themselves_as_a_profile_writes_them() -> None:
    assert [repr(Names(p)) for p in ((), ("b", "a"), ("*", "a"))] == [
        "Names('off')",
        "Names(['a', 'b'])",
        "Names('all')",
    ]
    assert Names("ab") == Names("ba")
    assert Names("ab") != {"a", "b"}
    assert len({Names("ab"), Names("ba"), Names("a")}) == 2
    assert 7 not in Names("*")
