"""Graphs of functions, and sessions that run them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from tests.agents.session.yard import SAFE, TOOLS
from toolyard import (
    Agent,
    Graph,
    GraphPolicy,
    RunResult,
    Session,
)
from toolyard.testing import FakeModel
from toolyard_agents.session.run_context import RunContext
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

Write = Callable[[Any], Any]


def listed(state: Any) -> Any:
    return [1]


def number(state: Any) -> Any:
    return 3


def line(*functions: Write, state: type[Any] | None = None) -> Graph:
    """A graph of functions, one after the other: a, b, c, …"""
    graph = Graph(state)
    names = [chr(ord("a") + number) for number in range(len(functions))]
    for name, function in zip(names, functions, strict=True):
        graph.add_node(name, function)
    for one, other in itertools.pairwise(names):
        graph.add_edge(one, other)
    graph.set_exit(names[-1])
    return graph


def session_of(graph: Graph, tools: Any = TOOLS, profile: PermissionProfile | None = None, **policy: Any) -> Session:
    """A session that the program runs, without auto_approve."""
    agent = Agent(name="g", model=FakeModel(), tools=tools, policy=GraphPolicy(graph, **policy))
    return Session(agent, context=RunContext(caller=Caller(id="python", profile=profile or agent.profile)))


async def ran(graph: Graph, prompt: str = "go", **more: Any) -> RunResult:
    async with asyncio.timeout(SAFE):
        return await session_of(graph, **more).run(prompt)
