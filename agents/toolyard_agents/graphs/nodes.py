"""The kinds of nodes, and what leads from one to the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toolyard_agents.agent import Agent
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool

Values = Mapping[str, Any]
"""The state of a graph, as its functions see it; they return what changes."""

Function = Callable[[Values], "Values | Awaitable[Values | None] | None"]
Prompt = str | Callable[[Values], str]
"""What a model or an agent is asked: a text with `{key}` for values of the state, or a function of it."""

Arguments = JsonObject | Callable[[Values], JsonObject]
Reducer = Callable[[Any, Any], Any]
"""Of what a key holds (None at first) and what a node wrote, what it holds then."""

Key = str | int | bool
Choose = Callable[[Values], "Key | Awaitable[Key]"]


def plain(name: str) -> str:
    """The name of a node in the letters that every provider takes for a tool and for the id of a call."""
    return name.replace("/", "__")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionNode:
    """A function of the state, sync (in a worker thread) or async."""

    name: str
    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNode:
    """One question to a model without tools: an agent that the graph made for it. The answer is kept as `output`."""

    name: str
    agent: Agent
    prompt: Prompt | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolNode:
    """A call through the gate; its structured result, or its text, is kept as `output`."""

    name: str
    tool: str | Tool
    arguments: Arguments | None
    output: str

    @property
    def tool_name(self) -> str:
        return self.tool if isinstance(self.tool, str) else self.tool.name


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNode:
    """A run of an agent, through the gate; its answer is kept as `output`."""

    name: str
    agent: str | Agent
    prompt: Prompt | None
    output: str

    @property
    def tool_name(self) -> str:
        return f"graph_{plain(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNode:
    """Where a graph within a graph ends: it changes nothing. `exits` are the nodes that lead here."""

    name: str
    exits: tuple[str, ...]


Node = FunctionNode | ModelNode | ToolNode | AgentNode | EndNode


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` runs once all `sources` have run since it last did by this edge."""

    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Branch:
    """After `source`, `choose` says which of the targets come next."""

    source: str
    choose: Choose
    targets: Mapping[Key, tuple[str, ...]]
