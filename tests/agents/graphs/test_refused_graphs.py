"""What is wrong with a graph is said before anything of it runs; and a graph is drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.agents.graphs.yard import line
from toolyard import (
    Graph,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import GraphError


def broken(*changes: Callable[[Graph], None]) -> Callable[[], object]:
    def make() -> object:
        graph = Graph()
        graph.add_node("a", lambda state: None)
        graph.add_node("b", lambda state: None)
        graph.add_edge("a", "b")
        for change in changes:
            change(graph)
        return graph.compile()

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Graph().compile, "the graph has no nodes"),
        (broken(), "no exit; say with set_exit"),
        (
            broken(lambda graph: graph.set_exit("c")),
            "set_exit names the node 'c', which is not there; the nodes are a, b",
        ),
        (broken(lambda graph: graph.set_exit("a")), "nothing comes after 'b'"),
        (broken(lambda graph: graph.set_exit("a", "b")), "'a' is an exit, so nothing can come after it"),
        (
            broken(lambda graph: graph.set_exit("b"), lambda graph: graph.add_edge("a", "nowhere")),
            "names the node 'nowhere'",
        ),
        (
            broken(lambda graph: graph.set_exit("b"), lambda graph: graph.add_edge([], "b")),
            "an edge comes from no node",
        ),
        (broken(lambda graph: graph.set_exit("b"), lambda graph: graph.add_branch("a", str, {})), "has no targets"),
        (
            broken(lambda graph: graph.set_exit("b"), lambda graph: graph.add_branch("c", str, {"x": "b"})),
            "a branch names the node 'c'",
        ),
        (
            broken(
                lambda graph: graph.set_exit("b"),
                lambda graph: graph.add_node("c", lambda state: None),
                lambda graph: graph.add_edge("c", "b"),
            ),
            "nothing leads to 'c' from 'a'",
        ),
        (
            broken(
                lambda graph: graph.set_exit("b"),
                lambda graph: graph.add_node("c", lambda state: None),
                lambda graph: graph.add_node("d", lambda state: None),
                lambda graph: graph.add_edge("a", "c"),
                lambda graph: graph.add_edge("c", "d"),
                lambda graph: graph.add_edge("d", "c"),
            ),
            "no exit can be reached from 'c', 'd'",
        ),
        (broken(lambda graph: graph.add_node("a", lambda state: None)), "two nodes are named 'a'"),
        (broken(lambda graph: graph.add_node("a/b", lambda state: None)), "expected a name of"),
        (broken(lambda graph: graph.add_node("c")), "is given nothing; expected one of function, model"),
        (broken(lambda graph: graph.add_node("c", lambda state: None, tool="x")), "is given function and tool"),
    ],
)
def test_a_graph_that_cannot_run_is_refused_before_it_does(make: Callable[[], object], said: str) -> None:
    with pytest.raises(GraphError, match=said.replace("(", r"\(")):
        make()
    assert issubclass(GraphError, ValueError)


def test_a_graph_is_drawn() -> None:
    inner = line(lambda state: None)
    graph = Graph()
    graph.add_node("start", lambda state: None)
    graph.add_node("ask", model=FakeModel())
    graph.add_node("call", tool="double")
    graph.add_node("sub", graph=inner)
    graph.add_node("end", agent="worker")
    graph.add_edge("start", ["ask", "call"])
    graph.add_edge(["ask", "call"], "sub")
    graph.add_branch("sub", str, {'a "quoted" key': "end", "back": "start"})
    graph.set_exit("end")
    assert graph.to_mermaid() == (
        "flowchart TD\n"
        "  begin((begin)) --> n0\n"
        '  n0["start"]\n'
        '  n1(["ask"])\n'
        '  n2[/"call"/]\n'
        '  n3(("sub"))\n'
        '  n4[["end"]]\n'
        '  n5["sub/a"]\n'
        "  n0 --> n1\n"
        "  n0 --> n2\n"
        "  n1 & n2 --> n5\n"
        "  n5 --> n3\n"
        '  n3 -- "a #34;quoted#34; key" --> n4\n'
        '  n3 -- "back" --> n0\n'
        "  n4 --> done(((end)))\n"
    )
