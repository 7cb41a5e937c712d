"""Taking graphs within a graph apart, so that there is one graph to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.nodes import Branch, Edge, EndNode, Node, Reducer
from toolyard_agents.graphs.values import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A node that is a graph."""

    name: str
    graph: CompiledGraph


def flat(
    nodes: Mapping[str, Node | Inner],
    edges: Iterable[Edge],
    branches: Iterable[Branch],
    reducers: Mapping[str, Reducer],
    exits: Iterable[str],
    shape: Shape | None,
) -> CompiledGraph:
    """One graph: the nodes of an inner one are named after it, and its own name stands where it ends.

    Raises:
        GraphError: there is no node, or two graphs have another reducer for one key.
    """
    if not nodes:
        raise GraphError("the graph has no nodes; add one, which is where it begins")
    inner = [node for node in nodes.values() if isinstance(node, Inner)]
    begins = {one.name: f"{one.name}/{one.graph.entry}" for one in inner}

    def begin(name: str) -> str:
        return begins.get(name, name)

    parts = [_renamed(one) for one in inner]
    own = (Edge(edge.sources, begin(edge.target)) for edge in edges)
    outer: dict[str, Node] = {name: _end(node) if isinstance(node, Inner) else node for name, node in nodes.items()}
    return CompiledGraph(
        entry=begin(next(iter(nodes))),
        nodes={**outer, **{name: node for part in parts for name, node in part.nodes.items()}},
        edges=tuple(dict.fromkeys([*own, *(edge for part in parts for edge in part.edges)])),
        branches=(
            *(
                Branch(branch.source, branch.choose, {k: tuple(map(begin, to)) for k, to in branch.targets.items()})
                for branch in branches
            ),
            *(branch for part in parts for branch in part.branches),
        ),
        reducers=_merged([reducers, *(part.reducers for part in parts)]),
        exits=frozenset(exits),
        shape=shape,
    )


def _renamed(inner: Inner) -> CompiledGraph:
    """The inner graph, its nodes named after it, and its exits leading to its end."""

    def name(of: str) -> str:
        return f"{inner.name}/{of}"

    graph = inner.graph
    own = (Edge(tuple(map(name, edge.sources)), name(edge.target)) for edge in graph.edges)
    ends = (Edge((name(exit),), inner.name) for exit in sorted(graph.exits))
    return replace(
        graph,
        nodes={name(key): _named(node, name(key), name) for key, node in graph.nodes.items()},
        edges=(*own, *ends),
        branches=tuple(
            Branch(name(one.source), one.choose, {key: tuple(map(name, to)) for key, to in one.targets.items()})
            for one in graph.branches
        ),
    )


def _named(node: Node, name: str, rename: Callable[[str], str]) -> Node:
    if isinstance(node, EndNode):
        return EndNode(name=name, exits=tuple(map(rename, node.exits)))
    return replace(node, name=name)


def _end(inner: Inner) -> EndNode:
    return EndNode(name=inner.name, exits=tuple(f"{inner.name}/{exit}" for exit in sorted(inner.graph.exits)))


def _merged(each: Iterable[Mapping[str, Reducer]]) -> dict[str, Reducer]:
    merged: dict[str, Reducer] = {}
    for reducers in each:
        for key, reducer in reducers.items():
            if merged.setdefault(key, reducer) is not reducer:
                raise GraphError(f"a graph and one within it have two reducers for the key {key!r}; give both the same")
    return merged
