"""What is written to a file is what is read from it."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.config.budgets import Budgets
from toolyard_kernel.backends import load_backend
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import ApprovalRules, Limits
from toolyard_toolkits.backends import LocalBackend, SandboxBackend

ODD = [
    "off",
    "no",
    "null",
    "~",
    "1_000",
    "0x1f",
    "1e3",
    "<<",
    "=",
    "- a",
    "a: b",
    "#",
    "{{ x }}",
    "'\"",
    " a\n b \n",
    "a\r\nb",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(ODD)
NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True)
NUMBERS = st.integers() | st.floats(allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
AMOUNTS = st.none() | st.integers(1, 10**9)
SECONDS = st.floats(0.001, 1e9)
BUDGETS = st.builds(
    Budgets,
    max_turns=AMOUNTS,
    max_tokens=AMOUNTS,
    max_cost=st.none() | SECONDS,
    wall_time=st.none() | SECONDS,
    depth=AMOUNTS,
    fan_out=AMOUNTS,
)
SOME_NAMES = st.builds(Names, st.lists(NAMES, max_size=3)) | st.just(Names("*"))
PROFILES = st.builds(
    PermissionProfile,
    profile=TEXTS,
    description=TEXTS,
    shell=st.sampled_from(["off", "restricted", "unrestricted"]),
    file_write=st.sampled_from(["off", "create-only", "full"]),
    network=SOME_NAMES,
    upstream=SOME_NAMES,
    approval=st.builds(
        ApprovalRules,
        mode=st.sampled_from(["none", "granular", "dangerous", "all"]),
        required_tools=SOME_NAMES,
        required_effects=st.frozensets(st.sampled_from(["shell", "files.write", "custom"])),
        deadline=SECONDS,
    ),
    limits=st.builds(Limits, timeout=SECONDS, max_turns=AMOUNTS, max_cost=st.none() | SECONDS),
)
PATHS = st.sampled_from(["here", "./here/", "../there", "/somewhere/else", "~/work", "$HOME/work", ".", "a/../b"])
PROFILE_NAMES = ["mine", "p.yaml", "./p/q.yml", "/p.yaml"]
PROMPTS = TEXTS | st.sampled_from(["prompts/debug.md", "./debug.txt", "/etc/prompt.jinja", "~/a b.md", "Read notes.md"])
CONFIGS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "system_prompt": PROMPTS,
        "vars": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "model": TEXTS.filter(bool),
        "profile": PROFILES | st.sampled_from([*BUILT_IN, *BUILT_IN.values()]) | st.sampled_from(PROFILE_NAMES),
        "backend": st.sampled_from(["local", "sandbox", "daytona", LocalBackend(), SandboxBackend()]),
        "working_dir": PATHS,
        "base_url": TEXTS,
        "service_tier": TEXTS,
        "reasoning_effort": TEXTS,
        "response_format": OBJECTS,
        "auto_approve": st.booleans(),
        "extras": OBJECTS,
        "name": NAMES,
        "role": st.sampled_from(["coordinator", "planner", "executor", "specialist"]),
        "description": TEXTS,
        "tools": st.lists(TEXTS, max_size=3),
        "toolkits": st.dictionaries(TEXTS, OBJECTS, max_size=3),
        "routes": st.lists(NAMES, max_size=3),
        "budgets": BUDGETS,
        "enable_delegate": st.booleans(),
        "expose": st.booleans(),
    },
)  # fmt: skip
FIXTURES = HealthCheck.function_scoped_fixture


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, FIXTURES])
@given(CONFIGS)
def test_a_config_that_is_written_and_read_is_equal(work: Path, fields: dict[str, Any]) -> None:
    config = AgentConfig(**fields)
    for path in (work / "agent.yaml", work.parent / "agent.yaml"):
        config.to_file(path)
        loaded = AgentConfig.from_file(path)
        assert loaded == config
        assert hash(loaded) == hash(config)
        plain = {"vars": loaded.vars, "extras": loaded.extras, "toolkits": loaded.toolkits, "budgets": loaded.budgets}
        assert all(fields[name] == value for name, value in plain.items() if name in fields)
        loaded.to_file(path)
        assert AgentConfig.from_file(path) == config


@pytest.mark.parametrize("text", ["\n", "One.\n\n", "...\n", "One.\n...\n", "One.\n...\n\n"])
def test_a_text_that_looks_like_the_end_of_a_document_is_none(tmp_path: Path, text: str) -> None:
    AgentConfig(system_prompt=text, description=text).to_file(tmp_path / "agent.yaml")
    read = AgentConfig.from_file(tmp_path / "agent.yaml")
    assert (read.system_prompt, read.description) == (text, text)


def test_a_profile_and_a_backend_come_back_as_what_they_are(tmp_path: Path) -> None:
    profile = PermissionProfile(profile="own", shell="restricted", limits=Limits(timeout=90))
    config = AgentConfig(profile=profile, backend=load_backend("sandbox"))
    config.to_file(tmp_path / "agent.yaml")
    loaded = AgentConfig.from_file(tmp_path / "agent.yaml")
    assert loaded == config
    assert (loaded.profile, loaded.backend) == (profile, "sandbox")
    assert config != AgentConfig(profile=profile, backend=load_backend("local"))
    assert config != AgentConfig(profile="own", backend="sandbox")


class NotInstalled(LocalBackend):
    """A backend of a program's own, which calls itself what another is called."""


@pytest.mark.parametrize("backend", [NotInstalled(), LocalBackend(openat2=False)])
def test_a_backend_that_no_name_gives_is_not_written(tmp_path: Path, backend: LocalBackend) -> None:
    path = tmp_path / "agent.yaml"
    with pytest.raises(ConfigError, match=rf"backend: {type(backend).__name__} .*cannot be written"):
        AgentConfig(backend=backend).to_file(path)
    assert not list(tmp_path.iterdir())
    assert AgentConfig(backend=backend) == AgentConfig(backend=backend) != AgentConfig(backend="local")


@pytest.mark.parametrize("odd", [(1, 2), math.nan, object(), [object()], range(3)])
def test_what_has_no_form_in_yaml_is_said_and_the_old_file_stays(tmp_path: Path, odd: object) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("model: old\n")
    with pytest.raises(ConfigError, match="extras: YAML has no form"):
        AgentConfig(extras={"odd": odd}).to_file(path)
    assert path.read_text() == "model: old\n"
    assert [one.name for one in tmp_path.iterdir()] == ["agent.yaml"]


def test_a_relative_path_keeps_its_meaning_wherever_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    (work / "prompts").mkdir(parents=True)
    (work / "prompts/debug.md").write_text("Debug.")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(work)
    config = AgentConfig(system_prompt="prompts/debug.md", working_dir="src", profile="./careful.yaml")
    config.to_file("agent.yaml")
    config.to_file(tmp_path / "elsewhere/agent.yaml")
    assert "working_dir: ./src\n" in (work / "agent.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    for path in (work / "agent.yaml", tmp_path / "elsewhere/agent.yaml"):
        loaded = AgentConfig.from_file(path)
        assert loaded.resolve_system_prompt() == "Debug."
        assert loaded.resolve_working_dir() == work / "src"
        assert (loaded.working_dir, loaded.profile) == (str(work / "src"), str(work / "careful.yaml"))
    (work / "prompts").rename(tmp_path / "prompts")
    (work / "agent.yaml").rename(tmp_path / "agent.yaml")
    assert AgentConfig.from_file("agent.yaml").resolve_working_dir() == tmp_path / "src", "it moves with its folder"


def test_a_file_is_replaced_whole_with_its_mode_and_behind_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text("model: old\n")
    real.chmod(0o640)
    link.symlink_to(real)
    before = real.stat().st_ino
    AgentConfig(model="new").to_file(link)
    assert link.is_symlink()
    assert real.read_text() == "model: new\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.stat().st_ino != before
    with pytest.raises(ConfigError, match="nowhere"):
        AgentConfig().to_file(tmp_path / "nowhere/agent.yaml")


def test_a_file_says_what_differs_in_a_form_that_people_read(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    shared = {"a": 1}
    config = AgentConfig(system_prompt="One.\nTwo.\n", extras={"x": shared, "y": shared}, budgets=Budgets(wall_time=60))
    config.to_file(path)
    assert path.read_text() == (
        "system_prompt: |\n  One.\n  Two.\nmodel: gpt-5-mini\nextras:\n  x:\n    a: 1\n  y:\n    a: 1\n"
        "budgets:\n  wall_time: 60s\n"
    )
    assert os.listdir(tmp_path) == ["agent.yaml"]  # noqa: PTH208 - dot files too
