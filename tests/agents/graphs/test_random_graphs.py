"""Whatever a graph looks like, it runs as a plain reference says, and is played again the same."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolyard import Agent, Graph, GraphPolicy, Runtime
from toolyard.testing import FakeModel
from toolyard_agents.errors import GraphError

pytestmark = pytest.mark.anyio

MOST_STEPS = 9
MOST_VISITS = 3
"""Of a node that a branch leads back to."""


@dataclass(frozen=True)
class Plan:
    """A graph as data: layers of nodes, edges from sources to a target, and ways back that are taken a few times."""

    names: tuple[str, ...]
    edges: tuple[tuple[tuple[str, ...], str], ...]
    back: dict[str, tuple[str, str, int]]
    """Of a node: where its branch leads back to, where on, and after how many visits."""
    exit: str


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = tuple(f"n{number}" for number in range(draw(st.integers(2, 7))))
    edges: list[tuple[tuple[str, ...], str]] = []
    back: dict[str, tuple[str, str, int]] = {}
    for number, name in enumerate(names[1:], start=1):
        earlier = [one for one in names[:number] if one not in back]
        if not earlier:
            edges.append(((names[number - 1],), name))
            continue
        sources = draw(st.lists(st.sampled_from(earlier), min_size=1, max_size=3, unique=True))
        if draw(st.booleans()):
            edges.append((tuple(sources), name))  # a join, when there are several
        else:
            edges += [((source,), name) for source in sources]
        if number < len(names) - 1 and draw(st.integers(0, 3)) == 0:
            target = draw(st.sampled_from(names[: number + 1]))
            back[name] = (target, names[-1], draw(st.integers(1, MOST_VISITS)))
    return Plan(names=names, edges=tuple(edges), back=back, exit=names[-1])


def ways(plan: Plan) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in plan.names}
    for sources, target in plan.edges:
        for source in sources:
            found[source].add(target)
    for name, (target, on, _) in plan.back.items():
        found[name] |= {target, on}
    return found


def reference(plan: Plan) -> tuple[list[list[str]], str]:
    """The steps that a run takes, and how it ends."""
    visits: Counter[str] = Counter()
    arrived: dict[int, set[str]] = {}
    steps: list[list[str]] = []
    now = [plan.names[0]]
    while now:
        if len(steps) == MOST_STEPS:
            return steps, "max_iterations"
        steps.append(now)
        visits.update(now)
        following: list[str] = []
        for number, (sources, target) in enumerate(plan.edges):
            there = arrived.setdefault(number, set())
            new = {source for source in sources if source in now}
            if new:
                there |= new
                if len(there) == len(sources):
                    there.clear()
                    following.append(target)
        for name, (target, on, most) in plan.back.items():
            if name in now:
                following.append(target if visits[name] <= most else on)
        now = list(dict.fromkeys(following))
    return steps, "end" if visits[plan.exit] else "error"


def built(plan: Plan) -> Graph:
    graph = Graph()

    def write(name: str) -> Any:
        def function(state: Any) -> Any:
            return {"trail": [name], "visits": [name]}

        return function

    for name in plan.names:
        graph.add_node(name, write(name))
    for sources, target in plan.edges:
        graph.add_edge(sources, target)
    for name, (target, on, most) in plan.back.items():

        def choose(state: Any, name: str = name, most: int = most) -> str:
            return "back" if state["visits"].count(name) <= most else "on"

        graph.add_branch(name, choose, {"back": target, "on": on})
    for key in ("trail", "visits"):
        graph.reducer(key, lambda old, new: (old or []) + new)
    graph.set_exit(plan.exit)
    return graph


def is_sound(plan: Plan) -> bool:
    """Whether every node leads on, and can be reached, and can reach the exit."""
    after = ways(plan)
    if after[plan.exit] or any(not after[name] for name in plan.names if name != plan.exit):
        return False

    def reached(start: str) -> set[str]:
        found, waiting = {start}, [start]
        while waiting:
            waiting += (new := after[waiting.pop()] - found)
            found |= new
        return found

    return reached(plan.names[0]) == set(plan.names) and all(plan.exit in reached(name) for name in plan.names)


def has_loop(plan: Plan) -> bool:
    after = ways(plan)

    def leads_back(name: str, start: str, seen: set[str]) -> bool:
        return any(one == start or (one not in seen and leads_back(one, start, seen | {one})) for one in after[name])

    return any(leads_back(name, name, {name}) for name in plan.names)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans())
async def test_a_graph_runs_as_the_reference_says(plan: Plan) -> None:
    graph = built(plan)
    if not is_sound(plan):
        with pytest.raises(GraphError):
            graph.compile()
        return
    if has_loop(plan):
        with pytest.raises(GraphError, match="has no bound"):
            GraphPolicy(graph)
    policy = GraphPolicy(graph, max_iterations=MOST_STEPS)
    with tempfile.TemporaryDirectory() as folder:
        runtime = Runtime(trace_dir=Path(folder))
        runtime.register_agent(Agent(name="g", model=FakeModel(), tools=(), policy=policy))
        result = await runtime.run("g", "go")
        again = await runtime.replay(result.trace_id, "g")
    steps, ended = reference(plan)
    took = [(event.tool_metadata or {})["nodes"] for event in result.events if event.type == "step_start"]
    assert (took, result.stop_reason) == (steps, ended)
    if ended == "end":
        assert result.final_state["trail"] == [name for step in steps for name in step]
        assert again.final_state == result.final_state
    assert (again.text, again.status, again.stop_reason) == (result.text, result.status, result.stop_reason)
    assert [message.to_dict() for message in again.messages] == [message.to_dict() for message in result.messages]
