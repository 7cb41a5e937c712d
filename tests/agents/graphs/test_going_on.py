"""A graph that was interrupted goes on, and does nothing twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.agents.graphs.yard import line, session_of
from tests.agents.session.yard import SAFE, check_history, model_of
from toolyard import (
    AgentEvent,
    ApprovalInterrupt,
    CancellationToken,
    Graph,
    tool,
)
from toolyard_agents.state.state import State

pytestmark = pytest.mark.anyio


async def test_a_graph_goes_on_where_it_was_interrupted_and_does_nothing_twice() -> None:
    counted: list[str] = []

    @tool(approval="always")
    async def fire(target: str) -> str:
        """Fire."""
        counted.append(target)
        return f"fired at {target}"

    def count(state: Any) -> Any:
        counted.append("function")
        return {"n": 1}

    graph = Graph()
    graph.add_node("count", count)
    graph.add_node("left", tool=fire, arguments={"target": "moon"})
    graph.add_node("right", count)
    graph.add_node("model", model=model_of("said once"))
    graph.add_node("end", lambda state: {"done": [state["left"], state["model"], state["given"]]})
    graph.reducer("n", lambda old, new: (old or 0) + new)
    graph.add_edge("count", ["left", "right", "model"])
    graph.add_edge(["left", "right", "model"], "end")
    graph.set_exit("end")

    def interrupt(name: str, arguments: Any) -> bool:
        raise ApprovalInterrupt

    session = session_of(graph, tools=(), inputs={"given": 7})
    session.approval_callback = interrupt
    assert (await session.run("go")).status == "interrupted"
    assert counted == ["function", "function"]
    later = session_of(graph, tools=())  # another process, which has only the trace
    later.state = State.from_entries(session.state.entries)
    result = await later.resume({later.state.pending()[0].id: True})
    assert result.final_state == {
        "prompt": "go", "given": 7, "n": 2, "left": "fired at moon", "model": "said once",
        "done": ["fired at moon", "said once", 7],
    }  # fmt: skip
    assert counted == ["function", "function", "moon"]


async def test_a_call_of_which_nobody_knows_what_came_is_not_made_again() -> None:
    graph = Graph()
    graph.add_node("wait", tool="wait")
    graph.set_exit("wait")
    session = session_of(graph)
    token = CancellationToken()
    events: list[AgentEvent] = []

    def hear(event: AgentEvent) -> None:
        events.append(event)
        if event.type == "tool_progress":
            token.cancel("enough")

    assert (await session.run("go", on_event=hear, token=token)).status == "cancelled"
    result = await session.resume()
    assert "its call was interrupted, and what came of it is unknown" in result.reason


async def test_what_cannot_be_kept_cannot_be_gone_on_with() -> None:
    graph = Graph()
    graph.add_node("a", lambda state: {"thing": {1, 2}})
    graph.add_node("hold", tool="launch", arguments={"target": "x"})
    graph.add_edge("a", "hold")
    graph.set_exit("hold")

    def interrupt(name: str, arguments: Any) -> bool:
        raise ApprovalInterrupt

    session = session_of(graph)
    session.approval_callback = interrupt
    await session.run("go")
    result = await session.resume({session.state.pending()[0].id: True})
    assert "node 'a' has run, and what it wrote is lost: its values cannot be written as JSON" in result.reason


async def test_a_graph_runs_again_in_the_same_conversation() -> None:
    graph = Graph()
    graph.add_node("first", tool="double")
    graph.set_exit("first")
    session = session_of(graph, inputs={"n": 2})
    for _ in range(2):
        assert (await session.run("go")).text == "4"
    check_history(session.state)


async def test_a_graph_that_is_cancelled_stops_its_nodes() -> None:
    token = CancellationToken()
    stopped = asyncio.Event()

    async def hangs(state: Any) -> Any:
        token.cancel("enough")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with asyncio.timeout(SAFE):
        result = await session_of(line(hangs)).run("go", token=token)
    assert (result.status, stopped.is_set()) == ("cancelled", True)
