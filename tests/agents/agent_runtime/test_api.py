"""The runtime API as a service uses it: options from anywhere, runs in the background, a record of it all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.agents.session.yard import SAFE
from toolyard import (
    AgentRuntime,
    CancellationToken,
    RuntimeOptions,
    close_runtime,
    create_runtime,
    dispatch_prompt,
    reconfigure_runtime,
    run_prompt,
    start_runtime,
    tool,
)

pytestmark = pytest.mark.anyio


def runtime_of(**options: Any) -> AgentRuntime:
    given: dict[str, Any] = {"model": "scripted", **options}
    return create_runtime("You test.", options=RuntimeOptions(**given))


def script(tool: str, **arguments: object) -> str:
    return json.dumps({"tool": tool, "arguments": arguments})


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("TOOLYARD_MODEL", "noop", "model", "noop"),
        ("OPENAI_MODEL", "noop", "model", "noop"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1", "base_url", "http://127.0.0.1:1/v1"),
        ("TOOLYARD_BASE_URL", "http://127.0.0.1:1/v1", "base_url", "http://127.0.0.1:1/v1"),
        ("TOOLYARD_REASONING_EFFORT", "low", "reasoning_effort", "low"),
        ("TOOLYARD_WORKING_DIR", "/srv", "working_dir", "/srv"),
        ("TOOLYARD_PROFILE", "developer", "profile", "developer"),
        ("TOOLYARD_AUTO_APPROVE", "false", "auto_approve", False),
        ("TOOLYARD_ENABLE_DELEGATE", "0", "enable_delegate", False),
        ("TOOLYARD_TEAM_ID", "acme", "team_id", "acme"),
        ("TOOLYARD_PROJECT_ID", "p", "project_id", "p"),
        ("TOOLYARD_SESSION_ID", "s", "session_id", "s"),
        ("TOOLYARD_OBSERVABILITY_CONFIG", "o.yaml", "observability_config", "o.yaml"),
    ],
)
def test_an_option_takes_its_default_from_the_environment_and_what_is_given_wins(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(RuntimeOptions(), field) == expected
    given: dict[str, Any] = {field: "given"}
    assert getattr(RuntimeOptions(**given), field) == "given"


def test_our_own_variable_comes_before_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "theirs")
    monkeypatch.setenv("TOOLYARD_MODEL", "ours")
    assert RuntimeOptions().model == "ours"


def test_a_flag_that_is_neither_yes_nor_no_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLYARD_AUTO_APPROVE", "maybe")
    with pytest.raises(ValueError, match="TOOLYARD_AUTO_APPROVE='maybe'"):
        RuntimeOptions()


async def test_one_record_tells_of_the_whole_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    runtime = runtime_of(team_id="acme", project_id="p1", session_id="s-1", telemetry_metadata={"job": 7})
    path = tmp_path / "toolyard/observability/s-1.json"
    await start_runtime(runtime)
    await start_runtime(runtime)
    assert json.loads(path.read_text())["status"] == "running"
    for prompt in ("one", "two"):
        await run_prompt(runtime, prompt)
    await close_runtime(runtime, "completed")
    record = json.loads(path.read_text())
    assert (record["session_id"], record["team_id"], record["project_id"]) == ("s-1", "acme", "p1")
    assert (record["model"], record["profile"], record["metadata"]) == ("scripted", "readonly", {"job": 7})
    assert (record["status"], record["totals"]["runs"]) == ("completed", 2)
    assert record["started"] <= record["ended"]


async def test_without_a_team_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    runtime = runtime_of()
    await start_runtime(runtime)
    await run_prompt(runtime, "x")
    await close_runtime(runtime, "completed")
    assert not (tmp_path / "toolyard/observability").exists()
    assert runtime.observability is None


@pytest.mark.parametrize("text", ["folder: [", "fodler: x", "- a list"])
def test_a_broken_observability_config_is_an_error_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "observability.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"observability\.yaml"):
        runtime_of(team_id="a", project_id="b", observability_config=str(path))


@pytest.mark.parametrize("bad", [{"team_id": "a"}, {"team_id": "a", "project_id": "b", "session_id": "../x"}])
def test_half_an_identity_or_an_id_that_is_no_name_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"team_id|session_id"):
        runtime_of(**bad)


async def test_a_runtime_is_reconfigured_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()

    @tool
    def mine() -> str:
        """My own tool."""
        return "mine"

    runtime = runtime_of(profile="developer", working_dir=str(tmp_path))
    runtime.registry.register(mine)
    before = runtime.agent
    with pytest.raises(ValueError, match="no-such-profile"):
        reconfigure_runtime(runtime, profile="no-such-profile", working_dir=str(tmp_path / "here"))
    assert (runtime.agent, runtime.profile_name, runtime.options.working_dir) == (before, "developer", str(tmp_path))
    assert reconfigure_runtime(runtime, profile="readonly", working_dir=str(tmp_path / "here")) == "readonly"
    assert runtime.registry is runtime.agent.registry is runtime.session.agent.registry
    assert runtime.registry.find("mine") is not None, "the program's own tools stay"
    assert (await run_prompt(runtime, script("mine"))).text == "mine"
    assert "0 entries" in (await run_prompt(runtime, script("list", path="."))).text
    assert reconfigure_runtime(runtime, enable_delegate=False, auto_approve=False) == "readonly"
    assert runtime.registry.find("delegate") is None
    assert runtime.agent.config.auto_approve is False


async def test_a_runtime_that_is_started_keeps_open_what_it_needs_across_a_reconfiguration(tmp_path: Path) -> None:
    runtime = runtime_of(profile="developer", working_dir=str(tmp_path))
    await start_runtime(runtime)
    await run_prompt(runtime, script("write", path="a", content="x"))
    reconfigure_runtime(runtime, profile="readonly")
    result = await run_prompt(runtime, script("read", path="a"))
    await close_runtime(runtime, result.status)
    assert "1\tx" in result.text


async def test_a_runtime_that_is_started_again_leaves_nothing_open(tmp_path: Path) -> None:
    runtime = runtime_of(profile="developer", working_dir=str(tmp_path))
    await start_runtime(runtime)
    await run_prompt(runtime, "one")
    await start_runtime(runtime)
    await run_prompt(runtime, "two")
    assert runtime.agent.open_toolkits.holders == 1
    await close_runtime(runtime)
    assert runtime.agent.open_toolkits.holders == 0


async def test_closing_ends_what_still_runs(tmp_path: Path) -> None:
    runtime = runtime_of(profile="unrestricted", working_dir=str(tmp_path))
    await start_runtime(runtime)
    running = asyncio.Event()
    handle = dispatch_prompt(
        runtime, script("bash", command="sleep 60"), lambda event: running.set() if event.type == "tool_start" else None
    )
    async with asyncio.timeout(SAFE):
        await running.wait()
        await close_runtime(runtime, "cancelled")
    assert (handle.done(), handle.status) == (True, "cancelled")


async def test_whoever_waits_can_leave_without_ending_the_run() -> None:
    @tool
    async def wait() -> str:
        """Wait until told."""
        await told.wait()
        return "waited"

    told = asyncio.Event()
    runtime = runtime_of()
    runtime.registry.register(wait)
    token = CancellationToken()
    handle = dispatch_prompt(runtime, script("wait"), token=token)
    impatient = asyncio.create_task(handle.wait())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait({impatient})
    assert (handle.status, token.is_cancelled()) == ("running", False)
    told.set()
    async with asyncio.timeout(SAFE):
        assert (await handle.wait()).text == "waited"
