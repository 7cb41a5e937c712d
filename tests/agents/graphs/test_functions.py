"""Whatever a function of a graph does, its run ends, and so does the process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agents.graphs.yard import line, ran, session_of
from tests.agents.session.yard import SAFE, model_of
from toolyard import Agent, Graph, GraphPolicy, Runtime, tool
from toolyard.testing import FakeModel
from toolyard_agents.config.budgets import Budgets

pytestmark = pytest.mark.anyio


def exits(state: Any) -> Any:
    sys.exit(3)


async def exits_async(state: Any) -> Any:
    sys.exit(3)


def stops(state: Any) -> Any:
    raise StopIteration


async def cancels_itself(state: Any) -> Any:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (exits, "node 'a' failed: SystemExit: 3"),
        (exits_async, "node 'a' failed: SystemExit: 3"),
        (stops, "node 'a' failed: StopIteration"),
        (cancels_itself, "node 'a' failed: CancelledError"),
    ],
)
async def test_a_function_ends_its_node_and_nothing_else(function: Any, said: str) -> None:
    result = await ran(line(function))
    assert (result.stop_reason, said in result.reason) == ("error", True), result.reason


async def test_a_function_that_never_ends_keeps_no_process() -> None:
    program = """
import asyncio
import threading
from toolyard import Agent, CancellationToken, Graph, GraphPolicy, Session
from toolyard.testing import FakeModel

began = threading.Event()

def hang(state):
    began.set()
    threading.Event().wait()

async def main():
    graph = Graph()
    graph.add_node("a", hang)
    graph.set_exit("a")
    token = CancellationToken()
    agent = Agent(name="g", model=FakeModel(), tools=(), policy=GraphPolicy(graph))
    run = asyncio.create_task(Session(agent).run("go", token=token))
    await asyncio.to_thread(began.wait)
    token.cancel("enough")
    print((await run).stop_reason, flush=True)

asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=SAFE
    )
    assert (done.stdout, done.returncode) == ("cancelled\n", 0), done.stderr


class Mute:
    """A value that says nothing of itself."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")

    __str__ = __repr__

    def __format__(self, how: str) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("value", [{(1, 2): 3}, Mute()])
async def test_a_value_that_is_no_json_is_told_all_the_same(value: Any) -> None:
    def write(state: Any) -> Any:
        return {"x": value}

    assert (await ran(line(write))).stop_reason == "end"
    graph = line(write, lambda state: None)
    graph.add_node("ask", model=model_of("said"))
    graph.add_branch("a", lambda state: "on", {"on": "ask"})
    graph.set_exit("ask")
    assert (await ran(graph)).final_state["ask"] == "said"


async def test_a_prompt_that_a_value_cannot_be_put_into_says_so() -> None:
    graph = Graph()
    graph.add_node("a", lambda state: {"x": [1]})
    graph.add_node("ask", model=model_of("said"), prompt="{x:>10}")
    graph.add_edge("a", "ask")
    graph.set_exit("ask")
    assert "node 'ask': its prompt cannot be filled in" in (await ran(graph)).reason


async def test_each_run_starts_with_inputs_of_its_own(tmp_path: Path) -> None:
    def add(state: Any) -> Any:
        state["items"].append(1)
        return {"count": len(state["items"])}

    policy = GraphPolicy(line(add), inputs={"items": []})
    agent = Agent(name="g", model=FakeModel(), tools=(), policy=policy, trace_dir=tmp_path)
    counts = [(await agent.run("go")).final_state["count"] for _ in range(2)]
    assert counts == [1, 1]


async def test_a_join_that_is_said_twice_waits_for_all_its_sources_each_time() -> None:
    joins: list[int] = []
    graph = Graph()
    graph.add_node("a", lambda state: {"n": state.get("n", 0) + 1})
    graph.add_node("b", lambda state: None)
    graph.add_node("c", lambda state: joins.append(state["n"]))
    graph.add_node("end", lambda state: None)
    graph.add_edge("a", "b")
    graph.add_edge(["a", "b"], "c")
    graph.add_edge(["a", "b"], "c")
    graph.add_branch("c", lambda state: state["n"] < 2, {True: "a", False: "end"})
    graph.set_exit("end")
    assert (await ran(graph, max_iterations=9)).stop_reason == "end"
    assert joins == [1, 2]


async def test_two_branches_after_a_node_choose_again_what_they_chose(tmp_path: Path) -> None:
    graph = Graph()
    for name in "abcd":
        graph.add_node(name, lambda state: None)
    graph.add_branch("a", lambda state: "left", {"left": "b", "none": "d"})
    graph.add_branch("a", lambda state: "right", {"right": "c", "none": "d"})
    graph.add_edge(["b", "c"], "d")
    graph.set_exit("d")
    runtime = Runtime(trace_dir=tmp_path)
    runtime.register_agent(Agent(name="g", model=FakeModel(), tools=(), policy=GraphPolicy(graph)))
    result = await runtime.run("g", "go")
    assert (await runtime.replay(result.trace_id, "g")).stop_reason == result.stop_reason == "end"


async def test_a_graph_that_is_played_again_asks_no_function_for_arguments(tmp_path: Path) -> None:
    asked: list[str] = []

    @tool
    async def double(n: int) -> int:
        """Twice."""
        return 2 * n

    def arguments(state: Any) -> Any:
        asked.append("arguments")
        return {"n": 2}

    def prompt(state: Any) -> str:
        asked.append("prompt")
        return "do it"

    graph = Graph()
    graph.add_node("double", tool=double, arguments=arguments)
    graph.add_node("ask", agent=Agent(name="b", model=model_of("done"), tools=()), prompt=prompt)
    graph.add_edge("double", "ask")
    graph.set_exit("ask")
    runtime = Runtime(trace_dir=tmp_path)
    runtime.register_agent(Agent(name="g", model=FakeModel(), tools=(), policy=GraphPolicy(graph)))
    result = await runtime.run("g", "go")
    again = await runtime.replay(result.trace_id, "g")
    assert (again.final_state, again.messages) == (result.final_state, result.messages)
    assert asked == ["arguments", "prompt"]


async def test_a_run_that_was_given_up_takes_no_further_step() -> None:
    ends, launched = asyncio.Event(), list[str]()

    async def stubborn(state: Any) -> str:
        while not ends.is_set():
            with suppress(asyncio.CancelledError):
                await ends.wait()
        return "on"

    graph = Graph()
    graph.add_node("a", lambda state: None)
    graph.add_node("launch", lambda state: launched.append("launched"))
    graph.add_branch("a", stubborn, {"on": "launch"})
    graph.set_exit("launch")
    session = session_of(graph)
    session.context = replace(session.context, bounds=Budgets(wall_time=0.05))
    async with asyncio.timeout(SAFE):
        assert (await session.run("go")).stop_reason == "timeout"
        ends.set()
        (left,) = (task for task in asyncio.all_tasks() if task.get_name().startswith("toolyard-run"))
        await asyncio.wait({left})
    assert not launched
