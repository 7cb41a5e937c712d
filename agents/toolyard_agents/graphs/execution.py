"""Running a graph, step by step: the nodes that are next run at once, then what they wrote is merged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.asking import called
from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.nodes import Branch, Edge
from toolyard_agents.graphs.progress import Known, Visit, Written
from toolyard_agents.graphs.values import as_told, merged
from toolyard_agents.graphs.visiting import Together
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.calls.workers import Workers


@dataclass(slots=True, kw_only=True)
class Execution:
    """One run of a graph, of at most `most` steps. `values` is its state; `said` is what nodes said last.

    `known` is what an earlier round of the run found, or the run that is played again: it is not done once more.
    """

    run: Run
    graph: CompiledGraph
    most: int | None
    known: Known
    began: int
    values: dict[str, Any]
    said: dict[str, str] = field(default_factory=dict[str, str])
    visits: Counter[str] = field(default_factory=Counter[str])
    arrived: dict[Edge, set[str]] = field(default_factory=dict[Edge, set[str]])
    answer: str | None = None
    workers: Workers = field(default_factory=Workers)

    async def go(self) -> Stop:
        """The end of the run.

        Raises:
            GraphError: a node failed, or the graph led nowhere.
        """
        names: tuple[str, ...] = (self.graph.entry,)
        step = 0
        while names:
            step += 1
            self.visits.update(names)
            visits = [(name, self.visits[name]) for name in names]
            if stop := await self._begin(step, visits):
                return stop
            together = Together(
                run=self.run,
                visits=[(self.graph.nodes[visit[0]], visit) for visit in visits],
                values=MappingProxyType(self.values),
                known=self.known,
                began=self.began,
                said=self.said,
                workers=self.workers,
            )
            written = await together.go()
            if isinstance(written, Stop):
                return written
            self._merge([(visit, written[visit]) for visit in visits])
            names = await self._next(visits)
        if self.answer is None:
            raise GraphError(f"the graph stopped before an exit{self._waiting()}")
        self.run.state.add_assistant_message(self.answer)
        return Stop("end", self.answer)

    async def _begin(self, step: int, visits: Sequence[Visit]) -> Stop | None:
        """Why this step may not be taken; one that was taken before the run went on is not told again."""
        if self.run.recorded is None and all(visit in self.known.results for visit in visits):
            return None
        if self.most is not None and step > self.most:
            return Stop("max_iterations", f"the graph has taken {self.most} steps, which is as many as it may")
        if self.run.until is not None and step > self.run.until:
            return Stop("interrupted", f"{self.run.until} steps were taken, as many as were wanted")
        if stop := await self.run.stop():
            return stop
        await self.run.emitter.emit("step_start", tool_metadata={"step": step, "nodes": [name for name, _ in visits]})
        return None

    def _merge(self, results: Sequence[tuple[Visit, Written]]) -> None:
        written = [(visit[0], result.update) for visit, result in results]
        self.values = self.run.final = merged(self.values, written, self.graph.reducers, self.graph.shape)
        for (name, _), result in results:
            self.said.pop(name, None)  # the last one stands last
            self.said[name] = as_told(result.update, ascii=True) if result.text is None else result.text
            if name in self.graph.exits:
                self.answer = self.said[name]

    async def _next(self, visits: Sequence[Visit]) -> tuple[str, ...]:
        """The nodes that come next, each once, in the order in which they are named."""
        names = [name for name, _ in visits]
        following = [edge.target for edge in self.graph.edges if self._arrives(edge, names)]
        for branch in self.graph.branches:
            for visit in visits:
                if visit[0] == branch.source:
                    following += await self._chosen(branch, self._numbered(branch), visit)
        return tuple(dict.fromkeys(following))

    def _arrives(self, edge: Edge, names: Sequence[str]) -> bool:
        """Whether the last of the nodes that the edge waits for has run now."""
        new = set(edge.sources).intersection(names)
        if not new:
            return False
        there = self.arrived.setdefault(edge, set())
        there |= new
        if there != set(edge.sources):
            return False
        there.clear()
        return True

    def _numbered(self, branch: Branch) -> int:
        """Which of the branches after its node it is."""
        return [one for one in self.graph.branches if one.source == branch.source].index(branch)

    async def _chosen(self, branch: Branch, number: int, visit: Visit) -> tuple[str, ...]:
        known = self.known.keys.get((*visit, number))
        key = await self._key(branch) if known is None else known
        if not isinstance(key, str | int) or key not in branch.targets:
            expected = ", ".join(map(repr, branch.targets))
            raise GraphError(f"the branch after {branch.source!r} chose {key!r}; expected one of {expected}")
        if known is None or self.run.recorded:
            note = {"branch": visit[0], "visit": visit[1], "number": number, "key": key}
            self.run.state.note(json.dumps(note))
            await self.run.emitter.emit("custom", content="graph_branch", tool_metadata=note)
        return branch.targets[key]

    async def _key(self, branch: Branch) -> Any:
        if self.run.recorded:
            raise self.run.recorded.end()
        return await called(self.workers, branch.source, branch.choose, MappingProxyType(self.values))

    def _waiting(self) -> str:
        waits = [(edge, there) for edge, there in self.arrived.items() if there]
        if not waits:
            return ""
        edge, there = waits[0]
        missing = ", ".join(repr(name) for name in edge.sources if name not in there)
        return f": {edge.target!r} waits for {missing}"
