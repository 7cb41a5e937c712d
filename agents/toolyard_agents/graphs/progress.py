"""How far a graph has come: what its nodes wrote, noted as they end, for a run that goes on or is played again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.nodes import Key, Values
from toolyard_agents.graphs.values import as_json

Visit = tuple[str, int]
"""A node, and which of its visits, from 1."""

Chosen = tuple[str, int, int]
"""A visit, and which of the branches after its node, from 0."""

UNKEPT = "its values cannot be written as JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a node wrote to the state, and what it said, if it says something."""

    update: Values
    text: str | None = None

    def noted(self, visit: Visit) -> dict[str, Any]:
        """What is noted of it, as JSON has it."""
        about: dict[str, Any] = {"node": visit[0], "visit": visit[1], "text": self.text}
        return {**about, "unkept": UNKEPT} if as_json(self.update) is None else {**about, "update": dict(self.update)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a run: `results` of nodes, the `keys` of branches, and what it started with."""

    results: Mapping[Visit, Mapping[str, Any]] = field(default_factory=dict[Visit, Mapping[str, Any]])
    keys: Mapping[Chosen, Key] = field(default_factory=dict[Chosen, Key])
    start: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, notes: Iterable[str]) -> Self:
        """What these notes say."""
        results, keys = dict[Visit, Mapping[str, Any]](), dict[Chosen, Key]()
        start: Mapping[str, Any] | None = None
        for note in map(json.loads, notes):
            match note:
                case {"node": str(node), "visit": int(visit), "text": str() | None, "update": {}} | {
                    "node": str(node),
                    "visit": int(visit),
                    "unkept": str(),
                }:
                    results[node, visit] = note
                case {"branch": str(node), "visit": int(visit), "number": int(number), "key": str() | int() as key}:
                    keys[node, visit, number] = key
                case {"began": int(), "inputs": {}} | {"began": int(), "unkept": str()}:
                    start = start or note
                case _:  # another policy's, or nobody's
                    pass
        return cls(results=results, keys=keys, start=start)

    def result(self, visit: Visit) -> Written | None:
        """What a node wrote on a visit, if that is known.

        Raises:
            GraphError: it did write, and nobody kept what.
        """
        noted = self.results.get(visit)
        if noted is None:
            return None
        if "unkept" in noted:
            raise GraphError(f"node {visit[0]!r} has run, and what it wrote is lost: {noted['unkept']}")
        return Written(update=noted["update"], text=noted["text"])


def start_note(inputs: Values, began: int) -> dict[str, Any]:
    """What is noted of the start: the values given, and how many messages there were."""
    return (
        {"began": began, "unkept": UNKEPT}
        if as_json(dict(inputs)) is None
        else {"began": began, "inputs": dict(inputs)}
    )
