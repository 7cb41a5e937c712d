"""A run writes down what happens in it, as it happens, and can be played again without calling anything."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.session.yard import CALLS, SAFE, TOOLS, Turn, model_of, told, types_of
from toolyard import Agent, AgentEvent, CancellationToken, RunResult, Runtime, Session, ToolError, mcp, tool
from toolyard.testing import FakeModel
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.errors import AgentError, TraceError
from toolyard_agents.opened import opened
from toolyard_agents.session.run_context import RunContext
from toolyard_kernel.calls.callers import Caller

pytestmark = pytest.mark.anyio


def agent_of(model: FakeModel, **more: Any) -> Agent:
    given: dict[str, Any] = {"tools": TOOLS, **more}
    return Agent(name="a", model=model, **given)


def runtime_of(folder: Path, *agents: Agent, **more: Any) -> Runtime:
    runtime = Runtime(trace_dir=folder, **more)
    for agent in agents:
        runtime.register_agent(agent)
    return runtime


def lines_of(folder: Path, result: RunResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{result.trace_id}.jsonl").read_text().splitlines()]


async def test_each_event_is_a_line_that_is_there_before_anybody_hears_of_it(tmp_path: Path) -> None:
    seen: list[int] = []

    def hear(event: AgentEvent) -> None:
        (path,) = tmp_path.glob("*.jsonl")
        written = [json.loads(line) for line in path.read_text().splitlines()]
        assert (written[-1]["type"], written[-1]["event_seq"]) == (event.type, event.seq)
        seen.append(event.seq)

    result = await runtime_of(tmp_path, agent_of(model_of(CALLS[:1], "done"))).run("a", "go", on_event=hear)
    lines = lines_of(tmp_path, result)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert {(line["v"], line["trace_id"]) for line in lines} == {(2, result.run_id)}
    assert (lines[0]["type"], lines[0]["agent"], sorted(lines[0]["tools"])) == (
        "trace",
        "a",
        ["double", "fail", "launch", "wait"],
    )
    assert [line["type"] for line in lines[1:]] == types_of(result)
    assert len(seen) == len(lines) - 1
    assert (tmp_path / f"{result.trace_id}.jsonl").stat().st_mode & 0o777 == 0o600


async def test_a_run_that_cannot_be_written_down_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = model_of("never")
    result = await runtime_of(tmp_path / "file", agent_of(model)).run("a", "go")
    assert (result.status, model.requests) == ("error", [])


async def test_an_event_that_cannot_be_kept_is_the_error_itself(tmp_path: Path) -> None:
    agent = agent_of(model_of(CALLS[:1], "never"))

    async def keep(event: AgentEvent) -> None:
        if event.type == "tool_end":
            raise OSError("no room")

    async with opened(agent) as open_agent:
        caller = Caller(id="python", profile=agent.profile)
        context = RunContext(caller=caller, opened=open_agent, keep=keep)
        result = await Session(agent, context=context).run("go")
    assert (result.status, result.reason) == ("error", "OSError: no room")


async def test_an_agent_runs_by_itself_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = await agent_of(model_of(CALLS[:1], "done")).run("go")
    assert (result.output.content, result.messages[-1].content, result.final_state.status) == (
        "done",
        "done",
        "completed",
    )
    assert (tmp_path / ".toolyard/traces" / f"{result.trace_id}.jsonl").is_file()
    events = [event async for event in agent_of(model_of(CALLS[:1], "done"), trace_dir=tmp_path).run_stream("go")]
    assert (events[-1]["type"], events[-1]["result"].text) == ("result", "done")
    assert [event["type"] for event in events].count("result") == 1
    shares = [event["data"]["progress_percent"] for event in events if event["type"] == "progress_update"]
    assert shares == sorted(shares)
    assert (0 < shares[0] < 100, shares[-1]) == (True, 100.0)


async def test_an_agent_that_runs_by_itself_leaves_nothing_open(tmp_path: Path) -> None:
    turns: list[Turn] = [CALLS[:1], "done"]  # the call is recorded, in a ledger that is opened for it
    agent = agent_of(model_of(*turns * 4), trace_dir=tmp_path)
    await agent.run("go")
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - their number is enough
    for _ in range(3):
        await agent.run("go")
    assert len(os.listdir("/dev/fd")) <= before  # noqa: PTH208 - as above


async def test_a_stream_that_is_left_cancels_its_run(tmp_path: Path) -> None:
    agent = agent_of(model_of([("wait", {})]), trace_dir=tmp_path)
    async with asyncio.timeout(SAFE):
        stream = agent.run_stream("go")
        async for event in stream:
            if event["type"] == "trace_event" and event["data"]["type"] == "tool_progress":
                break
        await stream.aclose()
    (path,) = tmp_path.glob("*.jsonl")
    assert json.loads(path.read_text().splitlines()[-1])["type"] == "cancelled"


async def test_a_runtime_knows_its_agents_by_name(tmp_path: Path) -> None:
    runtime = runtime_of(tmp_path, agent_of(model_of("one")))
    with pytest.raises(AgentError, match="registered already"):
        runtime.register_agent(agent_of(model_of("two")))
    with pytest.raises(LookupError, match="give one of a"):
        await runtime.run("b", "go")
    bads: list[dict[str, Any]] = [{"timeout": 0}, {"max_concurrency": -1}, {"timeout": "x"}, {"max_concurrency": 1.5}]
    for bad in bads:
        with pytest.raises(AgentError, match=r"expected a (whole )?number above 0"):
            Runtime(**bad)


async def test_a_runtime_bounds_the_time_and_the_calls_at_once_of_its_runs(tmp_path: Path) -> None:
    running, most = 0, 0

    @tool
    async def busy(n: int) -> int:
        """Be busy."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return n

    agent = agent_of(model_of([("busy", {"n": n}) for n in range(9)], "done"), tools=[busy])
    await runtime_of(tmp_path, agent, max_concurrency=3).run("a", "go")
    assert most == 3
    slow = await runtime_of(tmp_path, agent_of(model_of([("wait", {})])), timeout=0.1).run("a", "go")
    assert (slow.status, slow.stop_reason) == ("error", "timeout")
    patient = runtime_of(tmp_path, agent_of(model_of([("wait", {})])), timeout=SAFE)
    assert (await patient.run("a", "go", timeout=0.1)).stop_reason == "timeout"
    with pytest.raises(AgentError, match="max_concurrency=0; expected a number above 0"):
        await patient.run("a", "go", max_concurrency=0)
    queried = runtime_of(tmp_path, agent_of(model_of([("wait", {})])), timeout=0.1)
    events = [event async for event in queried.query("go", "t")]
    assert events[-1]["tool_metadata"] == {"stop_reason": "timeout"}


async def test_closing_a_runtime_ends_the_runs_that_are_written_down_too(tmp_path: Path) -> None:
    runtime = runtime_of(tmp_path, agent_of(model_of([("wait", {})])))
    begun = asyncio.Event()

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            begun.set()

    running = asyncio.create_task(runtime.run("a", "go", on_event=hear))
    async with asyncio.timeout(SAFE):
        await begun.wait()
        await runtime.close()
    assert (await running).status == "cancelled"


async def test_no_client_is_served_what_only_agents_can_do(tmp_path: Path) -> None:
    agent = agent_of(model_of("x"))
    runtime = runtime_of(tmp_path, agent)
    enable_delegation(agent, {})
    assert {served["name"] for served in mcp.list_tools(runtime, agent="a")} == {"double", "fail", "launch", "wait"}
    assert "run_prompt" in {served["name"] for served in mcp.list_tools(runtime, agent="mcp")}


async def played(folder: Path, result: RunResult, agent: Agent) -> RunResult:
    path = folder / f"{result.trace_id}.jsonl"
    before = path.read_bytes(), sorted(folder.iterdir())
    again = await runtime_of(folder, agent).replay(result.trace_id, "a")
    assert (path.read_bytes(), sorted(folder.iterdir())) == before
    return again


def shape(result: RunResult) -> Any:
    return result.text, result.status, result.stop_reason, result.usage, [m.to_dict() for m in result.messages]


async def test_a_replay_is_the_run_again_whatever_became_of_it(tmp_path: Path) -> None:
    runs: list[tuple[Turn, ...]] = [
        ("plain",),
        (CALLS, "all kinds"),
        ([("fail", {"message": "no"}), ("double", {"n": "x"}), ("nope", {})], "failures"),
        ([("double", "{x")], "unreadable"),
        ([("double", {"n": 1})], RuntimeError("it broke")),
    ]
    for turns in runs:
        result = await runtime_of(tmp_path, agent_of(model_of(*turns))).run("a", "go")
        again = await played(tmp_path, result, agent_of(FakeModel()))
        assert told(again.messages, "tool") == told(result.messages, "tool")
        assert (again.text, again.status, again.stop_reason) == (result.text, result.status, result.stop_reason)
        if "x" not in str(turns):  # of arguments that do not fit, or are none, a trace has no values
            assert shape(again) == shape(result)


async def test_a_cancelled_run_is_played_as_far_as_it_came(tmp_path: Path) -> None:
    token = CancellationToken()

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            token.cancel("enough")

    agent = agent_of(model_of([("double", {"n": 1})], [("wait", {})]))
    result = await runtime_of(tmp_path, agent).run("a", "go", on_event=hear, token=token)
    again = await played(tmp_path, result, agent_of(FakeModel()))
    assert (again.status, again.stop_reason) == ("cancelled", "cancelled")
    assert told(again.messages, "tool")[0] == "2"


async def test_a_delegates_run_is_in_the_trace_and_is_not_run_again(tmp_path: Path) -> None:
    def boss(model: FakeModel, worker: FakeModel) -> Agent:
        agent = agent_of(model)
        enable_delegation(agent, {"w": Agent(name="w", model=worker, tools=TOOLS)})
        return agent

    asked = model_of([("delegate", {"prompt": "double", "agent": "w"})], "boss is done")
    profile = boss(asked, model_of([("double", {"n": 2})], "worker is done"))
    result = await runtime_of(tmp_path, profile).run("a", "go")
    lines = lines_of(tmp_path, result)
    assert {line["agent"] for line in lines[1:]} == {"a", "w"}
    (call,) = [line for line in lines if line["type"] == "tool_start" and line["tool_name"] == "delegate"]
    of_worker = {(line["parent_run_id"], line["parent_call_id"]) for line in lines[1:] if line["agent"] == "w"}
    assert of_worker == {(result.run_id, call["tool_call_id"])}
    assert not [line for line in lines if line["agent"] == "a" and "parent_call_id" in line]
    again = await played(tmp_path, result, boss(FakeModel(), FakeModel()))
    assert again.text == "boss is done"
    assert told(again.messages, "tool") == told(result.messages, "tool")


async def test_a_replay_names_the_first_thing_that_is_another(tmp_path: Path) -> None:
    @tool
    async def double(n: str) -> str:
        """Double a text."""
        return n * 2

    result = await runtime_of(tmp_path, agent_of(model_of("done"))).run("a", "go")
    for agent, said in (
        (agent_of(FakeModel(), tools=TOOLS[1:]), "no tool 'double' any more"),
        (agent_of(FakeModel(), tools=[double, *TOOLS[1:]]), "'double' describes itself in another way"),
    ):
        with pytest.raises(TraceError, match=said):
            await runtime_of(tmp_path, agent).replay(result.trace_id, "a")
    for unknown in ("0" * 16, "../secret", ""):
        with pytest.raises(LookupError):
            await runtime_of(tmp_path, agent_of(FakeModel())).replay(unknown, "a")


async def test_a_torn_last_line_does_not_count_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    runtime = runtime_of(tmp_path, agent_of(model_of("done", "never")))
    result = await runtime.run("a", "go")
    path = tmp_path / f"{result.trace_id}.jsonl"
    with path.open("a") as file:
        file.write('{"v": 1, "seq"')
    assert (await runtime.replay(result.trace_id, "a")).text == "done"
    raw = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((*raw[:2], b"nothing\n", *raw[2:])))
    with pytest.raises(TraceError, match="line 3"):
        await runtime.replay(result.trace_id, "a")


@tool
async def echo(n: int) -> int:
    """Echo, the larger the sooner."""
    for _ in range(9 - n):
        await asyncio.sleep(0)
    if n == 3:
        raise ToolError("not three")
    return n


TURNS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4) | st.just("error"), max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
def test_whatever_a_model_says_its_replay_is_the_same(tmp_path: Path, turns: list[Any]) -> None:
    script: list[Turn] = [
        RuntimeError("broken") if turn == "error" else [("echo", {"n": n}) for n in turn] for turn in turns
    ]

    async def play() -> None:
        folder = tmp_path / "traces"
        result = await runtime_of(folder, agent_of(model_of(*script, "done"), tools=[echo])).run("a", "go")
        again = await played(folder, result, agent_of(FakeModel(), tools=[echo]))
        assert shape(again) == shape(result)

    asyncio.run(play())
