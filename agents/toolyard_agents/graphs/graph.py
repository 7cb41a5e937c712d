"""`Graph`: a workflow, put together node by node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from toolyard_agents.agent import Agent
from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.checking import checked
from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.given import check_callable, check_node, names_of, targets_of
from toolyard_agents.graphs.mermaid import mermaid
from toolyard_agents.graphs.nesting import Inner, flat
from toolyard_agents.graphs.nodes import (
    AgentNode,
    Arguments,
    Branch,
    Choose,
    Edge,
    Function,
    FunctionNode,
    Key,
    ModelNode,
    Node,
    Prompt,
    Reducer,
    ToolNode,
)
from toolyard_agents.graphs.values import Shape, shape_of
from toolyard_agents.models.model import Model
from toolyard_kernel.tools.tool import Tool

NAME = re.compile(r"[A-Za-z0-9_-]{1,48}")
Targets = str | Iterable[str]


class Graph:
    """Nodes that read one state and write to it, and what leads from one to the next.

    The first node is where it begins. Nodes that are next together run at once; `reducer` says how what they write
    to one key becomes one value. Example:

        >>> graph = Graph()
        >>> graph.add_node("greet", lambda state: {"greeting": f"Hello, {state['prompt']}!"})
        >>> graph.set_exit("greet")
        >>> graph.compile().entry
        'greet'
    """

    def __init__(self, state: type[Any] | None = None) -> None:
        """`state` is a TypedDict, dataclass or pydantic model whose fields are the keys that the state may have.

        Raises:
            GraphError: it is none of them.
        """
        self._shape: Shape | None = None if state is None else shape_of(state)
        self._nodes: dict[str, Node | Inner] = {}
        self._edges: list[Edge] = []
        self._branches: list[Branch] = []
        self._reducers: dict[str, Reducer] = {}
        self._exits: list[str] = []

    def add_node(
        self,
        name: str,
        function: Function | None = None,
        *,
        model: str | Model | None = None,
        tool: str | Tool | None = None,
        agent: str | Agent | None = None,
        graph: Graph | None = None,
        prompt: Prompt | None = None,
        arguments: Arguments | None = None,
        output: str | None = None,
    ) -> None:
        """A node that does one thing: a function of the state, or a model, tool, agent or graph.

        A model or an agent is asked `prompt`, by default the run's prompt with the state; a tool has `arguments`, by
        default those of its parameters that the state has. What they answer is kept as `output`, by default the node's
        name. A graph works on the same state.

        Raises:
            GraphError: the name is taken or none, or the node does not do exactly one thing.
        """
        kinds = {"function": function, "model": model, "tool": tool, "agent": agent, "graph": graph}
        given = [kind for kind, thing in kinds.items() if thing is not None]
        if len(given) != 1:
            raise GraphError(
                f"node {name!r} is given {' and '.join(given) or 'nothing'}; expected one of {', '.join(kinds)}"
            )
        self._check_name(name)
        check_node(name, given[0], kinds[given[0]], {"prompt": prompt, "arguments": arguments, "output": output})
        key = output or name
        if function is not None:
            self._nodes[name] = FunctionNode(name=name, function=function)
        elif model is not None:
            asked = Agent(name=name, model=model, tools=())
            self._nodes[name] = ModelNode(name=name, agent=asked, prompt=prompt, output=key)
        elif tool is not None:
            self._nodes[name] = ToolNode(name=name, tool=tool, arguments=arguments, output=key)
        elif agent is not None:
            self._nodes[name] = AgentNode(name=name, agent=agent, prompt=prompt, output=key)
        elif graph is not None:
            self._nodes[name] = Inner(name=name, graph=graph.compile())

    def add_edge(self, source: Targets, target: Targets) -> None:
        """After `source` comes `target`: each of them, at once, if they are several; and only once all sources have
        run, if those are several.

        Raises:
            GraphError: these are no names.
        """
        sources = names_of(source, "an edge")
        self._edges += [Edge(sources, one) for one in names_of(target, "an edge")]

    def add_branch(self, source: str, choose: Choose, targets: Mapping[Key, Targets]) -> None:
        """After `source`, `choose(state)` is the key of what comes next in `targets`; any other key is an error.

        Raises:
            GraphError: these are no names, no function, or no keys.
        """
        (one,) = names_of([source], "a branch")
        check_callable(choose, f"the branch after {one!r}")
        self._branches.append(Branch(one, choose, targets_of(one, targets)))

    def reducer(self, key: str, function: Reducer) -> None:
        """`function(old, new)` is what the key holds after a node wrote `new` to it; `old` is None at first.

        Without one, what is written replaces what was there, and no two nodes may write to the key at once.

        Raises:
            GraphError: this is no function, or no key.
        """
        names_of([key], "a reducer")
        check_callable(function, f"the reducer of {key!r}")
        self._reducers[key] = function

    def set_exit(self, *names: str) -> None:
        """Nodes after which nothing comes: what the last of them says is the run's answer.

        Raises:
            GraphError: these are no names.
        """
        self._exits += names_of(names, "set_exit")

    def compile(self) -> CompiledGraph:
        """The graph, checked, as it is now.

        Raises:
            GraphError: a node is not there, leads nowhere, or cannot be reached; the text names it.
        """
        return checked(flat(self._nodes, self._edges, self._branches, self._reducers, self._exits, self._shape))

    def to_mermaid(self) -> str:
        """The graph as a Mermaid flowchart.

        Raises:
            GraphError: as `compile`.
        """
        return mermaid(self.compile())

    def _check_name(self, name: object) -> None:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise GraphError(f"node {name!r}: expected a name of 1 to 48 of A-Z a-z 0-9 _ -")
        if name in self._nodes:
            raise GraphError(f"two nodes are named {name!r}; rename one")
