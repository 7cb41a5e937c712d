"""The runtime API as a service uses it: options from anywhere, runs in the background, a record of it all."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

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
from toolyard_agents.errors import AgentError

pytestmark = pytest.mark.anyio

OBSERVED = {"team_id": "acme", "project_id": "p1", "session_id": "s-1"}


def runtime_of(**options: Any) -> AgentRuntime:
    given: dict[str, Any] = {"model": "scripted", **options}
    return create_runtime("You test.", options=RuntimeOptions(**given))


def config_of(folder: Path) -> str:
    """A file that says where records are kept."""
    path = folder.parent / "observability.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"folder: {folder}\n")
    return str(path)


def runs_among(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name.startswith("invoke_agent ")]


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


async def test_the_record_is_for_its_owner_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    runtime = runtime_of(**OBSERVED, observability_config=config_of(tmp_path / "new/records"))
    await start_runtime(runtime)
    await close_runtime(runtime)
    (record,) = (tmp_path / "new/records").iterdir()
    assert record.name == "s-1.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700


async def test_a_start_without_a_record_is_an_error_that_says_so_and_can_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file")
    runtime = runtime_of(**OBSERVED, observability_config=config_of(tmp_path / "records"))
    with pytest.raises(AgentError, match=r"records/s-1\.json cannot be written \(File exists\); name a folder"):
        await start_runtime(runtime)
    (tmp_path / "records").unlink()
    await start_runtime(runtime)
    await close_runtime(runtime)
    assert json.loads((tmp_path / "records/s-1.json").read_text())["status"] == "completed"


async def test_a_disk_that_does_not_take_the_end_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runtime = runtime_of(**OBSERVED, observability_config=config_of(tmp_path / "records"))
    await start_runtime(runtime)
    shutil.rmtree(tmp_path / "records")
    (tmp_path / "records").write_text("a file")
    with caplog.at_level(logging.ERROR):
        await close_runtime(runtime, "completed")
    assert "s-1.json could not be closed with status 'completed'" in caplog.text


async def test_the_span_of_each_run_tells_of_the_session_it_belongs_to(spans: InMemorySpanExporter) -> None:
    metadata = {"job": 7, "urgent": True, "branch": "main", "load": 0.5, "parts": ["a"], "none": None}
    runtime = runtime_of(**OBSERVED, telemetry_metadata=metadata)
    first = await run_prompt(runtime, "one")
    reconfigure_runtime(runtime, profile="developer")
    second = await dispatch_prompt(runtime, "two").wait()
    await close_runtime(runtime)
    one, two = runs_among(spans)
    assert one.name == "invoke_agent agent"
    assert dict(one.attributes or {}) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "agent",
        "gen_ai.provider.name": "_OTHER",
        "gen_ai.request.model": "scripted",
        "gen_ai.conversation.id": "s-1",
        "gen_ai.usage.input_tokens": 0,
        "gen_ai.usage.output_tokens": 0,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "toolyard.session_id": "s-1",
        "toolyard.team_id": "acme",
        "toolyard.project_id": "p1",
        "toolyard.profile": "readonly",
        "toolyard.run_id": first.run_id,
        "toolyard.status": "completed",
        "toolyard.stop_reason": "end",
        "toolyard.cost": 0.0,
        "toolyard.metadata.job": 7,
        "toolyard.metadata.urgent": True,
        "toolyard.metadata.branch": "main",
        "toolyard.metadata.load": 0.5,
    }
    assert one.status.is_unset
    assert two.attributes
    assert (two.attributes["toolyard.run_id"], two.attributes["toolyard.profile"]) == (second.run_id, "developer")


async def test_a_run_without_a_team_is_a_span_that_tells_of_none(spans: InMemorySpanExporter) -> None:
    await run_prompt(runtime_of(), "x")
    (run,) = runs_among(spans)
    assert "toolyard.team_id" not in (run.attributes or {})


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
