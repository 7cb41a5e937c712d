"""What a config may say, in Python and in a file."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.config.definition import AgentDefinition
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.profile import PermissionProfile

FIRST = [
    "system_prompt", "vars", "model", "profile", "backend", "working_dir", "base_url", "service_tier",
    "reasoning_effort", "response_format", "auto_approve", "extras",
]  # fmt: skip
SERVED = {
    "name": "greeter",
    "role": "specialist",
    "description": "Greets whoever is named.",
    "model": "scripted",
    "system_prompt": "Greet.",
    "tools": ["shout", "launch", "write"],
}


def test_the_fields_stand_in_their_order_with_their_defaults() -> None:
    config = AgentConfig("Hi.", {"a": "b"}, "m", "developer")
    assert (config.system_prompt, config.vars, config.model, config.profile) == ("Hi.", {"a": "b"}, "m", "developer")
    assert [one.name for one in fields(AgentConfig)][: len(FIRST)] == FIRST
    plain = AgentConfig()
    assert (plain.system_prompt, plain.vars, plain.model, plain.profile) == (None, {}, "gpt-5-mini", None)
    assert (plain.backend, plain.auto_approve, plain.extras, plain.budgets) == ("local", True, {}, Budgets())
    assert [plain.working_dir, plain.base_url, plain.service_tier, plain.reasoning_effort] == [None] * 4
    assert [plain.response_format, plain.tools, plain.name, plain.role] == [None] * 4


def test_python_and_yaml_know_the_same_fields_and_defaults() -> None:
    plain = AgentConfig()
    assert {one.name: getattr(plain, one.name) for one in fields(AgentConfig)} == dict(AgentDefinition())


def test_a_config_does_not_change_with_what_it_was_made_of() -> None:
    given: dict[str, Any] = {"a": "b"}
    form = {"type": "json_schema", "json_schema": {"name": "x"}}
    tools = ["read"]
    config = AgentConfig(vars=given, extras=given, response_format=form, tools=tools, toolkits={"files": given})
    given["c"] = "d"
    form["json_schema"]["name"] = "y"  # type: ignore[index]
    tools.append("write")
    assert config.vars == config.extras == config.toolkits["files"] == {"a": "b"}
    assert config.response_format == {"type": "json_schema", "json_schema": {"name": "x"}}
    assert config.tools == ["read"]
    with pytest.raises(FrozenInstanceError):
        config.model = "other"  # type: ignore[misc]
    assert len({config, AgentConfig(), AgentConfig()}) == 2


def test_configs_are_equal_when_they_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert AgentConfig(working_dir="a") == AgentConfig(working_dir=str(tmp_path / "a")) != AgentConfig(working_dir="b")
    assert AgentConfig("./p.md") == AgentConfig(str(tmp_path / "p.md")) != AgentConfig("p")
    assert AgentConfig(profile="p.yaml") == AgentConfig(profile=f"{tmp_path}/p.yaml") != AgentConfig(profile="p")
    assert AgentConfig(vars={"a": "b"}) != AgentConfig() != "config"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("role", "boss", "role: .*'planner'.*'boss'"),
        ("name", "a b", "name: .*'a b'"),
        ("name", "x" * 61, "name: "),
        ("vars", {"port": 80}, "vars.port: .*string.*80"),
        ("tools", "bash", "tools: .*list.*'bash'"),
        ("model", "", "model: "),
        ("working_dir", "$NO_SUCH_VARIABLE/x", "working_dir: .*NO_SUCH_VARIABLE"),
        ("auto_approve", "no", "auto_approve: .*boolean.*'no'"),
        ("budgets", {"max_cost": float("nan")}, "budgets.max_cost: "),
        ("budgets", {"max_cost": float("inf")}, "budgets.max_cost: "),
        ("budgets", {"max_turns": 0}, "budgets.max_turns: "),
        ("budgets", {"max_turns": True}, "budgets.max_turns: "),
        ("budgets", {"wall_time": "soon"}, "budgets.wall_time: .*300s.*'soon'"),
        ("budgets", {"max_turn": 1}, "budgets.max_turn: unknown key; did you mean 'max_turns'"),
        ("profile", {"shel": "off"}, "profile.shel: unknown key; did you mean 'shell'"),
    ],
)
def test_a_value_that_cannot_be_is_named(field: str, value: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"AgentConfig: {message}"):
        AgentConfig(**{field: value})
    with pytest.raises(ValueError, match=f"toolyard.yaml: agents.0: {message}"):
        AgentConfig.from_mapping({field: value}, where="toolyard.yaml: agents.0", base=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("system_prompt: hi\nprofil: readonly\n", r"agent\.yaml: profil: unknown key; did you mean 'profile'\?"),
        ("model: a\nmodel: b\n", "'model' stands twice"),
        ("model: [\n", "not valid YAML: line 2"),
        ("- model\n", "expected keys and values"),
        ("backend: {}\n", "backend: "),
        ("enable_delegate: 3\nexpose: maybe\n", "expose: "),
    ],
)
def test_a_broken_file_is_named_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        AgentConfig.from_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        AgentConfig.from_file(tmp_path / "nowhere.yaml")


def test_a_file_of_nothing_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("toolkits:\n  files:\n")
    assert AgentConfig.from_file(tmp_path / "agent.yaml") == AgentConfig(toolkits={"files": {}})


def test_an_agent_of_a_server_config_is_read_like_a_file(tmp_path: Path) -> None:
    config = AgentConfig.from_mapping({**SERVED, "working_dir": "src"}, where="toolyard.yaml", base=tmp_path)
    assert (config.name, config.role, config.tools) == ("greeter", "specialist", ["shout", "launch", "write"])
    assert config.working_dir == str(tmp_path / "src")
    definition = AgentDefinition.model_validate(SERVED)
    assert AgentConfig.from_definition(definition) == AgentConfig(**SERVED)  # type: ignore[arg-type]


def test_a_file_may_hold_a_profile_as_yaml_writes_it(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("profile: {shell: off, database: readonly, limits: {timeout: 5m}}\n")
    profile = AgentConfig.from_file(tmp_path / "agent.yaml").profile
    assert isinstance(profile, PermissionProfile)
    assert (profile.shell, profile.database, profile.limits.timeout) == ("off", "readonly", 300.0)


def test_settings_of_toolkits_are_not_shown() -> None:
    config = AgentConfig(toolkits={"database": {"connections": {"shop": {"url": "postgresql://me:hunter2@db/shop"}}}})
    assert "hunter2" not in repr(config)


def test_every_field_is_described_for_editors() -> None:
    schema = AgentDefinition.model_json_schema()
    assert schema["additionalProperties"] is False
    assert all(one.get("description") for one in schema["properties"].values())


def test_two_budgets_meet_at_the_least_of_both() -> None:
    both = Budgets(max_turns=3, max_cost=2.0, depth=0) & Budgets(max_turns=5, max_tokens=7, wall_time=1.0, depth=2)
    assert both == Budgets(max_turns=3, max_cost=2.0, max_tokens=7, wall_time=1.0, depth=0)
