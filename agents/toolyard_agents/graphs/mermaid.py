"""A graph as a Mermaid flowchart."""

from __future__ import annotations

from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.nodes import AgentNode, EndNode, FunctionNode, ModelNode, Node, ToolNode


def mermaid(graph: CompiledGraph) -> str:
    """The text of the flowchart: functions as boxes, models rounded, tools slanted, agents with double sides."""
    ids = {name: f"n{number}" for number, name in enumerate(graph.nodes)}
    lines = [
        "flowchart TD",
        f"  begin((begin)) --> {ids[graph.entry]}",
        *(f"  {ids[name]}{_shape(node)}" for name, node in graph.nodes.items()),
        *(f"  {' & '.join(ids[name] for name in edge.sources)} --> {ids[edge.target]}" for edge in graph.edges),
        *(
            f'  {ids[branch.source]} -- "{_escaped(str(key))}" --> {" & ".join(ids[name] for name in targets)}'
            for branch in graph.branches
            for key, targets in branch.targets.items()
        ),
        *(f"  {ids[name]} --> done(((end)))" for name in sorted(graph.exits)),
    ]
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    label = f'"{_escaped(node.name)}"'
    match node:
        case FunctionNode():
            return f"[{label}]"
        case ModelNode():
            return f"([{label}])"
        case ToolNode():
            return f"[/{label}/]"
        case AgentNode():
            return f"[[{label}]]"
        case EndNode():
            return f"(({label}))"


def _escaped(text: str) -> str:
    return "".join(one if one.isalnum() or one in " _-/.," else f"#{ord(one)};" for one in text)
