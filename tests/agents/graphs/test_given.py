"""A graph that is put together from what it cannot use says so, and in every process it is the same graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolyard import Agent, Graph, GraphPolicy, SupervisorPolicy, Tool, tool
from toolyard_agents.errors import AgentError, GraphError


def named(text: str) -> Tool:
    @tool
    async def fire() -> str:
        """Fire."""
        return text

    return fire


def two_tools(graph: Any) -> None:
    graph.add_node("one", tool=named("one"))
    graph.add_node("two", tool=named("two"))
    graph.add_edge("one", "two")
    graph.set_exit("two")
    graph.compile()


NUMBER: Any = 5
MISUSED: list[tuple[Callable[[Any], object], str]] = [
    (lambda graph: graph.add_node(5, print), "node 5: expected a name"),
    (lambda graph: graph.add_node("a", 5), "node 'a' is given 5; expected a function"),
    (lambda graph: graph.add_node("a", tool=5), "node 'a': tool=5; expected a name, or a Tool"),
    (lambda graph: graph.add_node("a", tool=print), "expected a name, or a Tool"),
    (lambda graph: graph.add_node("a", agent=[]), "node 'a': agent=[]; expected a name, or an Agent"),
    (lambda graph: graph.add_node("a", graph=5), "node 'a': graph=5; expected a Graph"),
    (lambda graph: graph.add_node("a", tool="t", arguments=5), "arguments=5; expected a dict, or a function"),
    (lambda graph: graph.add_node("a", model="noop", prompt=5), "prompt=5; expected a text, or a function"),
    (lambda graph: graph.add_node("a", model="noop", output=5), "output=5; expected a key of the state"),
    (lambda graph: graph.add_node("a", print, output="x"), "given output, which a node with a function does not"),
    (lambda graph: graph.add_node("a", tool="t", prompt="x"), "given prompt, which a node with a tool does not"),
    (lambda graph: graph.add_edge("a", None), "an edge is given None; expected the name of a node"),
    (lambda graph: graph.add_edge("a", [["b"]]), "an edge is given [['b']]"),
    (lambda graph: graph.add_branch(["a"], print, {"x": "b"}), "a branch is given [['a']]"),
    (
        lambda graph: graph.add_branch("a", "x", {"x": "b"}),
        "the branch after 'a' is given 'x'; expected a function",
    ),
    (lambda graph: graph.add_branch("a", print, ["b"]), "expected a dict of keys and the nodes that come next"),
    (lambda graph: graph.add_branch("a", print, {None: "b"}), "has the key None; expected a text"),
    (lambda graph: graph.add_branch("a", print, {"x": None}), "the branch after 'a' is given None"),
    (lambda graph: graph.reducer("k", 5), "the reducer of 'k' is given 5; expected a function"),
    (lambda graph: graph.reducer([], max), "a reducer is given [[]]"),
    (lambda graph: graph.set_exit(["a"]), "set_exit is given (['a'],)"),
    (lambda graph: Graph(int), "expected a TypedDict, a dataclass or a pydantic model: it names no fields"),
    (lambda graph: GraphPolicy(NUMBER), "GraphPolicy is given 5; expected a Graph"),
    (two_tools, "node 'two': another node has another tool 'fire'"),
]


@pytest.mark.parametrize(("use", "said"), MISUSED)
def test_what_a_graph_cannot_use_is_said_when_it_is_given(use: Callable[[Any], object], said: str) -> None:
    with pytest.raises(GraphError) as raised:
        use(Graph())
    assert said in str(raised.value)


@pytest.mark.parametrize("inputs", [5, None, [1], {1: 2}])
def test_inputs_are_values_by_their_names(inputs: Any) -> None:
    graph = Graph()
    graph.add_node("a", lambda state: None)
    graph.set_exit("a")
    with pytest.raises(GraphError, match="expected a dict of values by their names"):
        GraphPolicy(graph, inputs=inputs)


def test_nodes_that_are_named_in_a_set_come_in_one_order_in_every_process() -> None:
    names = [f"n{number}" for number in range(9)]
    graph = Graph()
    graph.add_node("a", lambda state: None)
    for name in reversed(names):
        graph.add_node(name, lambda state: None)
    graph.add_edge("a", frozenset(names))
    graph.set_exit(*names)
    assert [edge.target for edge in graph.compile().edges] == names


@pytest.mark.parametrize("agents", [5, [5], [None], [Agent], None])
def test_a_supervisor_leads_agents_and_nothing_else(agents: Any) -> None:
    with pytest.raises(AgentError, match="expected a list of agents, or of their names"):
        SupervisorPolicy(agents)


def test_the_team_of_a_supervisor_stays_as_it_was_given() -> None:
    given = ["one", "two"]
    policy = SupervisorPolicy(given)
    given.append("three")
    assert policy.about["agents"] == ["one", "two"]
    assert SupervisorPolicy(name for name in given).about["agents"] == given  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
