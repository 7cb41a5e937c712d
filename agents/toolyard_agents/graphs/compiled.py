"""A graph that can be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolyard_agents.graphs.nodes import Branch, Edge, Node, Reducer
from toolyard_agents.graphs.values import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledGraph:
    """Nodes by their names, graphs within it taken apart (`outer/inner`); `entry` is where it begins."""

    entry: str
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    branches: tuple[Branch, ...]
    reducers: Mapping[str, Reducer]
    exits: frozenset[str]
    shape: Shape | None = None

    def after(self, name: str) -> set[str]:
        """What may come after a node."""
        by_edge = {edge.target for edge in self.edges if name in edge.sources}
        chosen = (branch.targets.values() for branch in self.branches if branch.source == name)
        return by_edge.union(*(targets for several in chosen for targets in several))
