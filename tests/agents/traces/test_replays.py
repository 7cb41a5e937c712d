"""A run of any policy is played again without calling anything, and goes on live from any of its steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.session.yard import SAFE, TOOLS, Call, Turn, model_of, told
from toolyard import (
    Agent,
    CancellationToken,
    FunctionCallingPolicy,
    Graph,
    GraphPolicy,
    PlanExecutePolicy,
    Policy,
    ReActPolicy,
    RunResult,
    Runtime,
    SupervisorPolicy,
    tool,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import AgentError, TraceError

pytestmark = pytest.mark.anyio

CALLED: list[str] = []
"""What was really called."""


@tool
async def mark(name: str, wait: float = 0) -> str:
    """Leave a mark."""
    await asyncio.sleep(wait)
    CALLED.append(name)
    return f"marked {name}"


def marks(*names: str) -> list[Call]:
    """Calls of which the last ends first."""
    return [("mark", {"name": name, "wait": (len(names) - n) / 500}) for n, name in enumerate(names)]


def plan(*steps: str) -> str:
    return json.dumps({"steps": steps})


@dataclass(frozen=True)
class Case:
    """A policy, and what the model of its agent and that of the agent `worker` say."""

    policy: Callable[[], Policy]
    turns: tuple[Turn, ...]
    worker: tuple[Turn, ...] = ()


def graph(model: FakeModel) -> Graph:
    """A function, then a tool, a model and an agent at once, then a loop."""

    def count(state: Any) -> Any:
        CALLED.append("count")
        return {"n": state.get("n", 0) + 1}

    built = Graph()
    built.add_node("count", count)
    built.add_node("mark", tool="mark", arguments=lambda state: {"name": f"m{state['n']}"})
    built.add_node("ask", model=model, prompt="Number {n}?")
    built.add_node("work", agent="worker")
    built.add_node("join", lambda state: {"all": [state["mark"], state["ask"], state["work"]]})
    built.add_node("answer", lambda state: {"answer": state["all"]})
    built.add_edge("count", ["mark", "ask", "work"])
    built.add_edge(["mark", "ask", "work"], "join")
    built.add_branch("join", lambda state: state["n"] < 2, {True: "count", False: "answer"})
    built.set_exit("answer")
    return built


DELEGATES: list[Call] = [("delegate", {"agent": "worker", "prompt": prompt}) for prompt in ("one", "two")]
REVISES: list[Call] = [("revise_plan", {"steps": ["another"]})]
CASES: dict[str, Case] = {
    "react": Case(ReActPolicy, ("text first", *(marks("a", "b", "c"), marks("d"), "done"))[1:]),
    "react at its bound": Case(lambda: ReActPolicy(2), (marks("a"), marks("b"), "never")),
    "function calling": Case(FunctionCallingPolicy, ([*marks("a"), ("nope", {})], marks("b"), "done")),
    "plan and execute": Case(
        PlanExecutePolicy, ("no plan", plan("one", "two"), marks("a", "b"), REVISES, "one", marks("c"), "two", "done")
    ),
    "supervisor": Case(lambda: SupervisorPolicy(["worker"]), (DELEGATES, "done"), (marks("w"), "first", "second")),
    "graph": Case(lambda: GraphPolicy(graph(model_of("yes", "no")), max_iterations=20), (), (marks("w"), "w1", "w2")),
    "an error of the model": Case(ReActPolicy, (marks("a"), RuntimeError("it broke"))),
}


def runtime_of(folder: Path, case: Case, *, live: bool, **agent: Any) -> Runtime:
    """The runtime of a case; without `live` its models have nothing to say."""
    runtime = Runtime(trace_dir=folder)
    tools: Any = agent.pop("tools", [mark, *TOOLS])
    runtime.register_agent(
        Agent(name="a", model=model_of(*case.turns if live else ()), tools=tools, policy=case.policy(), **agent)
    )
    runtime.register_agent(Agent(name="worker", model=model_of(*case.worker if live else ()), tools=[mark]))
    return runtime


def shape(result: RunResult) -> Any:
    end = result.text, result.status, result.stop_reason
    final: Any = result.final_state
    return end, [message.to_dict() for message in result.messages], final if type(final) is dict else None


@pytest.mark.parametrize("name", CASES)
async def test_a_run_of_every_policy_is_played_again(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    result = await runtime_of(tmp_path, case, live=True).run("a", "go")
    CALLED.clear()
    before = files(tmp_path)
    again = await runtime_of(tmp_path, case, live=False).replay(result.trace_id, "a")
    assert shape(again) == shape(result)
    assert CALLED == []
    assert files(tmp_path) == before
    assert happened(again) == happened(result)


@pytest.mark.parametrize("name", CASES)
async def test_a_run_of_every_policy_goes_on_live_from_any_step(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    whole = await runtime_of(tmp_path, case, live=True).run("a", "go")
    steps = sum(event.type == "step_start" for event in whole.events)
    for until in range(1, steps):
        CALLED.clear()
        asked = sum(event.type == "api_call_complete" for event in whole.events[: _end_of(whole, until)])
        turns = case.turns[asked:]
        rest = Case(case.policy, turns, case.worker) if name != "graph" else graph_from(until)
        result = await runtime_of(tmp_path, rest, live=True).replay(whole.trace_id, "a", until=until)
        assert shape(result)[0] == shape(whole)[0], until
        assert told(result.messages, "tool") == told(whole.messages, "tool"), until
        assert result.trace_id != whole.trace_id
        played = await runtime_of(tmp_path, case, live=False).replay(result.trace_id, "a")
        assert shape(played) == shape(result), "what went on live has a whole trace too"
    with pytest.raises(TraceError, match=f"the trace is over after {steps} steps"):
        await runtime_of(tmp_path, case, live=True).replay(whole.trace_id, "a", until=steps + 5)


def _end_of(result: RunResult, step: int) -> int:
    """Where in the events the next step begins."""
    starts = [number for number, event in enumerate(result.events) if event.type == "step_start"]
    return starts[step]


def graph_from(until: int) -> Case:
    """The case of the graph, with what its models still have to say: two are asked in step 2, and two in step 5."""
    asked = (until >= 2) + (until >= 5)
    answers, work = ("yes", "no")[asked:], (marks("w"), "w1", "w2")[2 * (asked > 0) + (asked > 1) :]
    return Case(lambda: GraphPolicy(graph(model_of(*answers)), max_iterations=20), (), work)


async def test_only_what_comes_later_is_really_called(tmp_path: Path) -> None:
    case = CASES["react"]
    whole = await runtime_of(tmp_path, case, live=True).run("a", "go")
    CALLED.clear()
    rest = Case(case.policy, case.turns[1:])
    await runtime_of(tmp_path, rest, live=True).replay(whole.trace_id, "a", until=1)
    assert CALLED == ["d"]


async def test_a_cancelled_graph_is_played_as_far_as_it_came(tmp_path: Path) -> None:
    token = CancellationToken()

    async def hangs(state: Any) -> Any:
        token.cancel("enough")
        await asyncio.Event().wait()

    def case() -> Case:
        built = Graph()
        built.add_node("one", lambda state: {"n": 1})
        built.add_node("hangs", hangs)
        built.add_edge("one", "hangs")
        built.set_exit("hangs")
        return Case(lambda: GraphPolicy(built), ())

    async with asyncio.timeout(SAFE):
        result = await runtime_of(tmp_path, case(), live=True).run("a", "go", token=token)
        again = await runtime_of(tmp_path, case(), live=False).replay(result.trace_id, "a")
    assert (again.status, again.stop_reason) == (result.status, result.stop_reason) == ("cancelled", "cancelled")
    assert [event.content for event in again.events if event.type == "custom"] == ["graph_start", "graph_node"]


async def test_a_replay_under_another_agent_or_policy_names_the_difference(tmp_path: Path) -> None:
    case = CASES["react"]
    result = await runtime_of(tmp_path, case, live=True).run("a", "go")
    same = runtime_of(tmp_path, case, live=False)
    bound, other = Case(lambda: ReActPolicy(3), ()), Case(PlanExecutePolicy, ())
    for runtime, agent, said in (
        (runtime_of(tmp_path, bound, live=False), "a", "the policy's max_iterations is 3, and the trace is of null"),
        (runtime_of(tmp_path, other, live=False), "a", 'the policy is "plan_execute", and the trace is of "react"'),
        (same, "worker", "the trace is of the agent 'a', and not of 'worker'"),
    ):
        with pytest.raises(TraceError, match=said):
            await runtime.replay(result.trace_id, agent)
    await runtime_of(tmp_path, other, live=False).replay(result.trace_id, "a", policy=ReActPolicy())
    for bad in (0, -1, True):
        with pytest.raises(AgentError, match="expected a whole number above 0"):
            await same.replay(result.trace_id, "a", until=bad)


async def test_a_changed_graph_is_another_policy(tmp_path: Path) -> None:
    def built(name: str) -> Case:
        one = Graph()
        one.add_node(name, lambda state: None)
        one.set_exit(name)
        return Case(lambda: GraphPolicy(one), ())

    result = await runtime_of(tmp_path, built("x"), live=True).run("a", "go")
    with pytest.raises(TraceError, match="the policy's graph is"):
        await runtime_of(tmp_path, built("y"), live=False).replay(result.trace_id, "a")


async def test_a_graph_is_played_with_the_values_that_it_started_with(tmp_path: Path) -> None:
    one = Graph()
    one.add_node("x", lambda state: {"n": state["n"] + 1})
    one.set_exit("x")
    case = Case(lambda: GraphPolicy(one), ())
    result = await runtime_of(tmp_path, case, live=True).run("a", "go", n=41)
    again = await runtime_of(tmp_path, case, live=False).replay(result.trace_id, "a")
    assert again.final_state == result.final_state == {"prompt": "go", "n": 42}
    lost = await runtime_of(tmp_path, case, live=True).run("a", "go", n=4, thing={1})
    again = await runtime_of(tmp_path, case, live=False).replay(lost.trace_id, "a")
    assert "what the graph started with is lost" in again.reason


TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
EMPTY: dict[str, str] = {}
calls = st.one_of(
    st.tuples(st.just("mark"), st.fixed_dictionaries({"name": TEXT})),
    st.tuples(st.just("fail"), st.fixed_dictionaries({"message": TEXT})),
    st.tuples(st.just("nope"), st.just(EMPTY)),
)
turns = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip),
    st.lists(calls, min_size=1, max_size=4),
    st.just(plan("one", "two")),
)
policies: list[Callable[[], Policy]] = [
    ReActPolicy,
    lambda: ReActPolicy(2),
    FunctionCallingPolicy,
    lambda: PlanExecutePolicy(max_steps=3, max_iterations=2),
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(script=st.lists(turns, max_size=8), policy=st.sampled_from(policies))
async def test_whatever_a_model_says_its_run_is_played_again(
    tmp_path: Path, script: list[Turn], policy: Callable[[], Policy]
) -> None:
    case = Case(policy, tuple(script))
    result = await runtime_of(tmp_path, case, live=True).run("a", "go")
    again = await runtime_of(tmp_path, case, live=False).replay(result.trace_id, "a")
    assert shape(again) == shape(result)
    assert happened(again) == happened(result)


def happened(result: RunResult) -> list[dict[str, Any]]:
    """The events without their times; calls that are made at once end in any order."""
    told = [event.to_dict() for event in result.events if event.type != "error"]
    for event in told:
        for name in ("seq", "run_id", "timestamp"):
            del event[name]
        for name in ("call_id", "duration"):
            event.get("tool_metadata", {}).pop(name, None)
    return sorted(told, key=lambda event: (event.get("tool_call_id", ""), event["type"]))


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
