"""What is wrong with a graph, said before anything of it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.nodes import AgentNode, ToolNode, plain
from toolyard_kernel.tools.tool import Tool

LONGEST_TOOL = 64


def checked(graph: CompiledGraph) -> CompiledGraph:
    """The graph, if every node is there, can be reached, and leads to an exit.

    Raises:
        GraphError: the text names the node.
    """
    _check_names(graph)
    _check_plain_names(graph)
    after = {name: graph.after(name) for name in graph.nodes}
    _check_ends(graph, after)
    if unreached := _missing(graph.nodes, _reached({graph.entry}, after)):
        raise GraphError(
            f"nothing leads to {unreached} from {graph.entry!r}, the first node; add an edge, or take it out"
        )
    before = {name: {one for one, targets in after.items() if name in targets} for name in graph.nodes}
    if stuck := _missing(graph.nodes, _reached(graph.exits, before)):
        raise GraphError(f"no exit can be reached from {stuck}; add an edge or a branch that leaves it")
    for node in graph.nodes.values():
        if isinstance(node, AgentNode) and len(node.tool_name) > LONGEST_TOOL:
            raise GraphError(f"node {node.name!r}: its name is too long for an agent's; shorten it")
    _check_tools(graph)
    return graph


def cycle_of(graph: CompiledGraph) -> list[str] | None:
    """The nodes of a loop, from one back to itself; None when there is none."""
    path: list[str] = []
    done: set[str] = set()
    ways = [iter([graph.entry])]
    while ways:
        name = next(ways[-1], None)
        if name is None:
            ways.pop()
            done.update(path[-1:])
            del path[-1:]
        elif name in path:
            return [*path[path.index(name) :], name]
        elif name not in done:
            path.append(name)
            ways.append(iter(sorted(graph.after(name))))
    return None


def _check_tools(graph: CompiledGraph) -> None:
    """One name is one tool: the second would be called for the first."""
    tools: dict[str, Tool] = {}
    for node in graph.nodes.values():
        if not isinstance(node, ToolNode) or isinstance(node.tool, str):
            continue
        if tools.setdefault(node.tool_name, node.tool) is not node.tool:
            raise GraphError(f"node {node.name!r}: another node has another tool {node.tool_name!r}; rename one")


def _check_names(graph: CompiledGraph) -> None:
    used = [
        *((name, "an edge") for edge in graph.edges for name in (*edge.sources, edge.target)),
        *((branch.source, "a branch") for branch in graph.branches),
        *((name, "a branch") for branch in graph.branches for targets in branch.targets.values() for name in targets),
        *((name, "set_exit") for name in graph.exits),
    ]
    for name, where in used:
        if name not in graph.nodes:
            known = ", ".join(sorted(graph.nodes))
            raise GraphError(f"{where} names the node {name!r}, which is not there; the nodes are {known}")
    if any(not edge.sources for edge in graph.edges):
        raise GraphError("an edge comes from no node; name at least one")
    for branch in graph.branches:
        if not branch.targets or not all(branch.targets.values()):
            raise GraphError(f"the branch after {branch.source!r} has no targets, or a key without one; add them")


def _check_plain_names(graph: CompiledGraph) -> None:
    found: dict[str, str] = {}
    for name in graph.nodes:
        other = found.setdefault(plain(name), name)
        if other != name:
            raise GraphError(f"nodes {other!r} and {name!r} have names that no provider can tell apart; rename one")


def _check_ends(graph: CompiledGraph, after: Mapping[str, set[str]]) -> None:
    if not graph.exits:
        raise GraphError("the graph has no exit; say with set_exit after which node it has its answer")
    if dead := _missing(graph.nodes, {name for name, targets in after.items() if targets} | graph.exits):
        raise GraphError(f"nothing comes after {dead}, which is no exit; add an edge or a branch, or set_exit")
    if left := sorted(name for name in graph.exits if after[name]):
        raise GraphError(
            f"{left[0]!r} is an exit, so nothing can come after it; take out its edges, or set_exit another"
        )


def _missing(nodes: Iterable[str], found: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(set(nodes).difference(found))))


def _reached(start: Iterable[str], ways: Mapping[str, set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for name in ways[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found
