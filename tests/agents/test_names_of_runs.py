"""What a run answers with, tells and leaves, and which policies and hooks it takes, by the names that users know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

import toolyard
from toolyard import Agent
from toolyard.testing import FakeModel
from toolyard_agents.events import EventType

pytestmark = pytest.mark.anyio


def runtime_of(folder: Path, *answers: str) -> toolyard.Runtime:
    model = FakeModel(name="test")
    for answer in answers:
        model.add_response(answer)
    runtime = toolyard.Runtime(trace_dir=folder)
    runtime.register_agent(Agent(name="my_agent", model=model, tools=[]))
    return runtime


RESULT: dict[str, Callable[[toolyard.RunResult], object]] = {
    "output": lambda result: (result.output.role, result.output.content),
    "trace_id": lambda result: result.trace_id == result.run_id,
    "messages": lambda result: [message.content for message in result.messages],
    "final_state": lambda result: [message.content for message in result.final_state.messages],
    "stop_reason": lambda result: (result.status, result.stop_reason),
}
EXPECTED: dict[str, object] = {
    "output": ("assistant", "Done."),
    "trace_id": True,
    "messages": ["Do something", "Done."],
    "final_state": ["Do something", "Done."],
    "stop_reason": ("completed", "end"),
}


@pytest.mark.parametrize("name", RESULT)
async def test_a_result_says_it(name: str, tmp_path: Path) -> None:
    result = await runtime_of(tmp_path, "Done.").run("my_agent", "Do something", policy=toolyard.ReActPolicy())
    assert RESULT[name](result) == EXPECTED[name]
    assert [path.stem for path in tmp_path.glob("*.jsonl")] == [result.trace_id]
    assert RESULT[name](await runtime_of(tmp_path).replay(result.trace_id, "my_agent")) == EXPECTED[name]


async def test_a_stream_has_events_of_three_types_and_ends_with_the_result(tmp_path: Path) -> None:
    model = FakeModel()
    model.add_response("Done.")
    events = [event async for event in Agent(model=model, tools=[], trace_dir=tmp_path).run_stream("Long task")]
    assert {event["type"] for event in events} == {"trace_event", "progress_update", "result"}
    assert {event["data"]["type"] for event in events if event["type"] == "trace_event"} <= set(get_args(EventType))
    (last,) = [number for number, event in enumerate(events) if event["type"] == "result"]
    assert (last, events[last]["result"].output.content) == (len(events) - 1, "Done.")
    progress = [event["data"]["progress_percent"] for event in events if event["type"] == "progress_update"]
    assert progress == sorted(progress)
    assert progress[-1] == 100


async def test_traces_go_below_the_working_directory_when_nobody_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = await Agent(name="a", model="noop", tools=[]).run("x")
    assert (tmp_path / f".toolyard/traces/{result.trace_id}.jsonl").is_file()


POLICIES: dict[str, Callable[[], toolyard.Policy]] = {
    "react": lambda: toolyard.ReActPolicy(max_iterations=15),
    "function_calling": lambda: toolyard.FunctionCallingPolicy(max_iterations=15),
    "graph": lambda: toolyard.GraphPolicy(one_node(), max_iterations=15),
    "supervisor": lambda: toolyard.SupervisorPolicy(agents=["my_agent"], max_iterations=15),
    "plan_execute": lambda: toolyard.PlanExecutePolicy(max_iterations=15),
}


def one_node() -> toolyard.Graph:
    graph = toolyard.Graph()
    graph.add_node("only", lambda state: {"said": state["prompt"]})
    graph.set_exit("only")
    return graph


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_taken_by_an_agent_and_tells_its_name_and_bound(name: str) -> None:
    policy = POLICIES[name]()
    assert Agent(name="a", model="noop", tools=[], policy=policy).policy is policy
    assert (policy.about["policy"], policy.about["max_iterations"]) == (name, 15)


def test_hooks_are_taken_by_a_runtime_and_by_an_agent() -> None:
    hooks = toolyard.PolicyHooks(
        pii_redaction=toolyard.PIIRedactionHook(redact_emails=True),
        tool_filter=toolyard.ToolFilter(denied={"send*"}, allowed={"*"}),
        approval_gate=toolyard.ApprovalGate(required={"order*"}, callback=lambda name, arguments: True),
    )
    toolyard.Runtime(policy_hooks=hooks, timeout=60, max_concurrency=4)
    assert Agent(name="a", model="noop", tools=[], policy_hooks=hooks).policy_hooks is hooks
