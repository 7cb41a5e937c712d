"""The calls of a graph stand in its conversation as any model's, and its nodes share what may run at once."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.agents.graphs.yard import session_of
from tests.agents.session.yard import SAFE, model_of
from toolyard import Agent, Graph, GraphError, tool
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

FITS = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every provider takes for the name of a tool and the id of a call."""


async def test_every_provider_takes_the_names_and_ids_of_a_graphs_calls() -> None:
    @tool(name="dotted.name/tool")
    async def dotted() -> str:
        """Be called."""
        return "called"

    inner = Graph()
    inner.add_node("t", tool=dotted)
    inner.add_node("h", agent=Agent(name="h", model=model_of("helped"), tools=()))
    inner.add_edge("t", "h")
    inner.set_exit("h")
    graph = Graph()
    graph.add_node("in", graph=inner)
    graph.set_exit("in")
    result = await session_of(graph, tools=()).run("go")
    calls = [call for message in result.messages for call in message.tool_calls]
    assert (result.text, len(calls)) == ("helped", 2)
    assert [one for call in calls for one in (call.id, call.name) if not FITS.fullmatch(one)] == []


def test_nodes_whose_names_no_provider_could_tell_apart_are_refused() -> None:
    inner = Graph()
    inner.add_node("x", lambda state: None)
    inner.set_exit("x")
    graph = Graph()
    graph.add_node("a", graph=inner)
    graph.add_node("a__x", lambda state: None)
    graph.add_edge("a", "a__x")
    graph.set_exit("a__x")
    with pytest.raises(GraphError, match="no provider can tell apart"):
        graph.compile()


async def test_functions_and_calls_share_what_may_run_at_once() -> None:
    running, most = 0, 0

    async def busy(state: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    @tool
    async def work() -> str:
        """Work."""
        await busy(None)
        return "done"

    graph = Graph()
    graph.add_node("start", lambda state: None)
    for name in ("f1", "f2"):
        graph.add_node(name, busy)
    for name in ("t1", "t2"):
        graph.add_node(name, tool=work)
    graph.add_edge("start", ["f1", "f2", "t1", "t2"])
    graph.set_exit("f1", "f2", "t1", "t2")
    profile = PermissionProfile.model_validate({"limits": {"fan_out": 1}})
    async with asyncio.timeout(SAFE):
        result = await session_of(graph, tools=(), profile=profile).run("go")
    assert (result.status, most) == ("completed", 1)
