"""Workflows as graphs: what their nodes do, how they come together, and what is refused before anything runs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, TypedDict

import anyio
import pytest

from tests.agents.graphs.yard import line, listed, number, ran, session_of
from tests.agents.session.yard import SAFE, TOOLS, check_history, model_of, told
from toolyard import (
    Agent,
    AgentEvent,
    Graph,
    GraphPolicy,
    Runtime,
    ToolError,
    tool,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import AgentError, GraphError
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio


def noting(events: list[AgentEvent], content: str) -> list[dict[str, Any]]:
    return [event.tool_metadata or {} for event in events if event.content == content]


async def test_functions_read_the_state_and_write_to_it_sync_and_async() -> None:
    threads: list[int] = []

    def sync(state: Any) -> Any:
        threads.append(threading.get_ident())
        return {"n": len(state["prompt"])}

    async def later(state: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return {"n": state["n"] * 2}

    result = await ran(line(sync, later, lambda state: None), "four")
    assert result.final_state == {"prompt": "four", "n": 8}
    assert (result.text, result.status) == ("{}", "completed")
    assert threads != [threading.get_ident()], "a sync function may block, so it runs in a thread of its own"


async def test_a_function_cannot_write_to_the_state_by_the_way() -> None:
    def sneak(state: Any) -> None:
        state["n"] = 1

    result = await ran(line(sneak))
    assert (result.status, "TypeError" in result.reason) == ("error", True)


async def test_nodes_that_are_next_together_run_at_once_and_see_the_same_state() -> None:
    barrier = asyncio.Event()

    async def left(state: Any) -> Any:
        await asyncio.wait_for(barrier.wait(), SAFE)
        return {"parts": ["left"], "left": state.get("right")}

    async def right(state: Any) -> Any:
        barrier.set()
        return {"parts": ["right"], "right": 1}

    graph = Graph()
    graph.add_node("start", lambda state: None)
    graph.add_node("left", left)
    graph.add_node("right", right)
    graph.add_node("join", lambda state: {"seen": list(state["parts"])})
    graph.reducer("parts", lambda old, new: (old or []) + new)
    graph.add_edge("start", ["left", "right"])
    graph.add_edge(["left", "right"], "join")
    graph.set_exit("join")
    result = await ran(graph)
    assert result.final_state["seen"] == ["left", "right"], "in the order of the edges, whichever ended first"
    assert result.final_state["left"] is None


async def test_tools_go_through_the_gate_and_their_calls_are_in_the_conversation() -> None:
    graph = Graph()
    graph.add_node("first", tool="double", arguments={"n": 4})
    graph.add_node("second", tool="double", arguments=lambda state: {"n": int(state["first"])}, output="answer")
    graph.add_edge("first", "second")
    graph.set_exit("second")
    session = session_of(graph)
    events: list[AgentEvent] = []
    result = await session.run("go", on_event=events.append)
    assert (result.text, result.final_state["answer"], told(result.messages, "tool")) == ("16", "16", ["8", "16"])
    assert [event.tool_name for event in events if event.type == "tool_start"] == ["double", "double"]
    assert result.messages[-1].content == "16"
    check_history(session.state)


async def test_a_tool_has_the_values_that_are_named_as_its_parameters() -> None:
    graph = Graph()
    graph.add_node("double", tool=TOOLS[0])
    graph.set_exit("double")
    assert (await ran(graph, tools=(), inputs={"n": 21, "other": 1})).text == "42"


@pytest.mark.parametrize(
    ("tool_name", "arguments", "said"),
    [
        ("fail", {"message": "broken"}, "node 'x': broken"),
        ("launch", {"target": "moon"}, "nobody here can give it"),
        ("double", {"n": "x"}, "invalid arguments"),
        ("double", {"n": {1}}, "its arguments are no JSON"),
        ("double", listed, "its arguments are list; expected a dict"),
        ("nope", {}, "no tool is named 'nope'; there are double, fail, launch, wait"),
    ],
)
async def test_a_call_that_fails_or_is_refused_ends_the_run(tool_name: str, arguments: Any, said: str) -> None:
    graph = Graph()
    graph.add_node("x", tool=tool_name, arguments=arguments)
    graph.set_exit("x")
    session = session_of(graph)
    result = await session.run("go")
    assert (result.status, said in result.reason) == ("error", True), result.reason
    check_history(session.state)


async def test_a_tool_that_the_profile_denies_is_not_there() -> None:
    graph = Graph()
    graph.add_node("z", tool="double", arguments={"n": 1})
    graph.set_exit("z")
    profile = PermissionProfile.model_validate({"tools": {"deny": ["double"]}})
    assert "no tool is named 'double'" in (await ran(graph, profile=profile)).reason


async def test_models_are_asked_with_the_state_and_what_they_use_is_charged() -> None:
    asks = model_of("blue")
    paints = model_of("painted")
    graph = Graph()
    graph.add_node("colour", model=asks)
    graph.add_node("paint", model=paints, prompt="Paint it {colour}, for {prompt}.")
    graph.add_edge("colour", "paint")
    graph.set_exit("paint")
    session = session_of(graph, inputs={"size": 3})
    events: list[AgentEvent] = []
    result = await session.run("a house", on_event=events.append)
    assert asks.requests[0].messages[-1].content == 'a house\n\nWhat is known so far:\n{"size": 3}'
    assert paints.requests[0].messages[-1].content == "Paint it blue, for a house."
    assert (result.text, result.final_state["colour"]) == ("painted", "blue")
    below = {event.agent for event in events if event.parent_run_id == result.run_id}
    assert below == {"colour", "paint"}, "each is a run of its own below the graph's"
    assert not asks.requests[0].tools
    assert not asks.closed, "a model that was given stays its giver's"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("{nothing}", "the state has prompt"), ("{", "cannot be filled in"), (number, "its prompt is int")],
)
async def test_a_prompt_that_cannot_be_made_ends_the_run(prompt: Any, said: str) -> None:
    graph = Graph()
    graph.add_node("ask", model=model_of("never"), prompt=prompt)
    graph.set_exit("ask")
    assert said in (await ran(graph)).reason


async def test_agents_run_through_the_gate_with_their_tools(tmp_path: Path) -> None:
    runtime = Runtime(trace_dir=tmp_path)
    worker = model_of([("double", {"n": 2})], "it is 4")
    runtime.register_agent(Agent(name="worker", model=worker, tools=TOOLS))
    graph = Graph()
    graph.add_node("ask", agent="worker", prompt="How much is it, {prompt}?")
    graph.set_exit("ask")
    runtime.register_agent(Agent(name="g", model=FakeModel(), tools=(), policy=GraphPolicy(graph)))
    result = await runtime.run("g", "please")
    assert (result.text, result.final_state["ask"]) == ("it is 4", "it is 4")
    assert worker.requests[0].messages[-1].content == "How much is it, please?"
    profile = PermissionProfile.model_validate({"agents": "off"})
    refused = await ran(graph_of_agent("worker"), profile=profile)
    assert refused.status == "error"
    with pytest.raises(AgentError, match="no agent is named 'nobody'; there are: g, worker"):
        await runtime.run("g", "go", policy=GraphPolicy(graph_of_agent("nobody")))


def graph_of_agent(name: str) -> Graph:
    graph = Graph()
    agent = Agent(name=name, model=model_of("never"), tools=()) if name == "worker" else name
    graph.add_node("ask", agent=agent)
    graph.set_exit("ask")
    return graph


async def test_a_graph_within_a_graph_works_on_the_same_state() -> None:
    inner = Graph()
    inner.add_node("one", lambda state: {"trail": ["inner one"]})
    inner.add_node("two", lambda state: {"trail": ["inner two"]})
    inner.add_edge("one", "two")
    inner.set_exit("two")
    graph = Graph()
    graph.reducer("trail", lambda old, new: (old or []) + new)
    graph.add_node("sub", graph=inner)
    graph.add_node("again", graph=inner)
    graph.add_node("beside", lambda state: {"trail": ["beside"]})
    graph.add_node("end", lambda state: {"trail": ["end"]})
    graph.add_edge("sub", ["again", "beside"])
    graph.add_edge(["again", "beside"], "end")
    graph.set_exit("end")
    result = await ran(graph)
    assert result.final_state["trail"] == ["inner one", "inner two", "inner one", "beside", "inner two", "end"]
    alone = Graph()
    alone.add_node("sub", graph=inner)
    alone.set_exit("sub")
    assert (await ran(alone)).text == '{"trail": ["inner two"]}', "a graph that ends with another says what that said"


async def test_a_branch_chooses_and_loops_are_bounded() -> None:
    graph = Graph()
    graph.add_node("count", lambda state: {"n": state.get("n", 0) + 1})
    graph.add_node("end", lambda state: None)
    graph.add_branch("count", lambda state: state["n"] < 5, {True: "count", False: "end"})
    graph.set_exit("end")
    assert (await ran(graph, max_iterations=10)).final_state["n"] == 5
    stopped = await ran(graph, max_iterations=3)
    assert (stopped.status, stopped.stop_reason) == ("error", "max_iterations")
    assert stopped.final_state["n"] == 3, "as far as it came"
    with pytest.raises(GraphError, match="the loop count → count has no bound"):
        GraphPolicy(graph)


async def test_what_goes_wrong_names_the_node() -> None:
    def fails(state: Any) -> Any:
        raise ValueError("bad luck")

    async def says_no(state: Any) -> Any:
        return ["no"]

    unmatched = line(lambda state: None, lambda state: None)
    unmatched.add_branch("a", lambda state: "elsewhere", {"here": "b"})
    at_once = Graph()
    at_once.add_node("start", lambda state: None)
    at_once.add_node("x", lambda state: {"n": 1})
    at_once.add_node("y", lambda state: {"n": 2})
    at_once.add_edge("start", ["x", "y"])
    at_once.set_exit("x", "y")
    bad_reducer = line(lambda state: {"n": 1})
    bad_reducer.reducer("n", lambda old, new: old + new)
    waiting = Graph()
    for name in ("start", "x", "y", "join"):
        waiting.add_node(name, lambda state: None)
    waiting.add_branch("start", lambda state: "x", {"x": "x", "y": "y"})
    waiting.add_edge(["x", "y"], "join")
    waiting.set_exit("join")
    for graph, said in (
        (line(fails), "node 'a' failed: ValueError: bad luck"),
        (line(says_no), "node 'a' returned list; expected a dict"),
        (unmatched, "the branch after 'a' chose 'elsewhere'; expected one of 'here'"),
        (at_once, "nodes 'x' and 'y' wrote to 'n' at once; give it a reducer"),
        (bad_reducer, "the reducer of 'n' failed: TypeError"),
        (waiting, "the graph stopped before an exit: 'join' waits for 'y'"),
    ):
        result = await ran(graph)
        assert (result.status, result.stop_reason) == ("error", "error")
        assert said in result.reason


async def test_a_node_that_fails_ends_those_beside_it() -> None:
    ended: list[str] = []

    async def hangs(state: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hangs")

    def fails(state: Any) -> Any:
        raise ValueError("bad luck")

    graph = Graph()
    graph.add_node("start", lambda state: None)
    graph.add_node("hangs", hangs)
    graph.add_node("wait", tool="wait")
    graph.add_node("fails", fails)
    graph.add_edge("start", ["hangs", "wait", "fails"])
    graph.set_exit("hangs", "wait", "fails")
    session = session_of(graph)
    async with asyncio.timeout(SAFE):
        result = await session.run("go")
    assert ("bad luck" in result.reason, ended) == (True, ["hangs"])
    check_history(session.state)


def writing(update: Any) -> Any:
    def write(state: Any) -> Any:
        return update

    return write


class Shape(TypedDict):
    n: int
    names: list[str]


async def test_a_state_with_a_shape_holds_nothing_else() -> None:
    assert (await ran(line(lambda state: {"n": 3}, state=Shape))).final_state == {"prompt": "go", "n": 3}
    for write, said in (
        ({"n": "many"}, "node 'a' wrote 'n'"),
        ({"m": 1}, "node 'a' wrote 'm', and the state has only prompt, n, names"),
    ):
        assert said in (await ran(line(writing(write), state=Shape))).reason
    assert "inputs" in (await ran(line(lambda state: None, state=Shape), inputs={"x": 1})).reason
    with pytest.raises(GraphError, match="expected a TypedDict"):
        Graph(3)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - what is tried


async def test_what_nodes_do_is_told_as_it_happens() -> None:
    graph = line(lambda state: {"n": 1}, lambda state: None)
    graph.add_branch("a", lambda state: "on", {"on": "b"})
    session = session_of(graph)
    events: list[AgentEvent] = []
    await session.run("go", on_event=events.append)
    steps = [event.tool_metadata for event in events if event.type == "step_start"]
    assert steps == [{"step": 1, "nodes": ["a"]}, {"step": 2, "nodes": ["b"]}]
    assert noting(events, "graph_start") == [{"began": 1, "inputs": {}}]
    assert noting(events, "graph_node")[0] == {"node": "a", "visit": 1, "text": None, "update": {"n": 1}}
    assert noting(events, "graph_branch") == [{"branch": "a", "visit": 1, "number": 0, "key": "on"}]


async def test_a_tool_that_raises_says_so() -> None:
    @tool
    async def refuse() -> str:
        """Refuse."""
        raise ToolError("not today")

    graph = Graph()
    graph.add_node("x", tool=refuse)
    graph.set_exit("x")
    assert (await ran(graph)).reason == "node 'x': not today"
