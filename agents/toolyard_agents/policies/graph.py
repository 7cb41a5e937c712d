"""A run that follows a graph."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolyard_agents.agent import Agent
from toolyard_agents.delegation import agent_tool
from toolyard_agents.errors import AgentError, GraphError
from toolyard_agents.graphs.checking import cycle_of
from toolyard_agents.graphs.compiled import CompiledGraph
from toolyard_agents.graphs.execution import Execution
from toolyard_agents.graphs.graph import Graph
from toolyard_agents.graphs.mermaid import mermaid
from toolyard_agents.graphs.nodes import AgentNode, ToolNode
from toolyard_agents.graphs.progress import Known, start_note
from toolyard_agents.graphs.values import PROMPT, copied, merged
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.policy import Policy
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class GraphPolicy:
    """The nodes of a graph run as it says; the model of the agent is not asked, and its tools are those of the graph.

    The run's state begins with its prompt, as `prompt`, and with `inputs`; the result's `final_state` is how it was at
    the end, however the run ended. A graph with a loop needs `max_iterations`, the steps that it may take.
    """

    graph: Graph | CompiledGraph
    max_iterations: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    compiled: CompiledGraph = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_bound("max_iterations", self.max_iterations)
        compiled = self.graph.compile() if isinstance(self.graph, Graph) else self.graph
        if not isinstance(compiled, CompiledGraph):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise GraphError(f"GraphPolicy is given {compiled!r}; expected a Graph")
        inputs: Any = self.inputs
        names = list[Any](inputs) if isinstance(inputs, Mapping) else [None]  # pyright: ignore[reportUnknownArgumentType]
        if not all(isinstance(name, str) for name in names):
            raise GraphError(f"inputs={inputs!r}; expected a dict of values by their names")
        if self.max_iterations is None and (cycle := cycle_of(compiled)):
            raise GraphError(f"the loop {' → '.join(cycle)} has no bound; give GraphPolicy a max_iterations")
        object.__setattr__(self, "compiled", compiled)  # frozen: it is checked once, as the graph is now

    @property
    def about(self) -> JsonObject:
        drawn = hashlib.sha256(mermaid(self.compiled).encode()).hexdigest()[:16]
        return {"policy": "graph", "max_iterations": self.max_iterations, "graph": drawn}

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        return tuple(self._tools(agents))

    async def drive(self, run: Run) -> Stop:
        self._check_tools(run)
        run.control.close("follows a graph, and nobody can say anything to its nodes")
        run.calls.names = run.offer().names
        known = Known.of(run.state.notes if run.recorded is None else run.recorded.notes)
        inputs, began = await self._start(run, known)
        values = run.final = merged({PROMPT: run.task}, [("inputs", inputs)], {}, self.compiled.shape)
        return await Execution(
            run=run, graph=self.compiled, most=self.max_iterations, known=known, began=began, values=values
        ).go()

    async def _start(self, run: Run, known: Known) -> tuple[Mapping[str, Any], int]:
        """What the graph starts with, noted when it does."""
        inputs, began = copied(self.inputs), len(run.state.messages)
        if known.start is not None:
            if "unkept" in known.start:
                raise GraphError(f"what the graph started with is lost: {known.start['unkept']}")
            inputs = known.start["inputs"]
            began = began if run.recorded else known.start["began"]
        if run.prompt is not None:
            note = start_note(copied(inputs), began)
            run.state.note(json.dumps(note))
            await run.emitter.emit("custom", content="graph_start", tool_metadata=note)
        return inputs, began

    def _tools(self, agents: Mapping[str, Agent]) -> Iterator[Tool]:
        for node in self.compiled.nodes.values():
            if isinstance(node, AgentNode):
                yield replace(agent_tool(_agent(node, agents)), name=node.tool_name)
            elif isinstance(node, ToolNode) and isinstance(node.tool, Tool):
                yield node.tool

    def _check_tools(self, run: Run) -> None:
        """That every tool is there, for this caller; a run that is played again calls none."""
        gate, caller = run.calls.gate, run.calls.caller
        for node in self.compiled.nodes.values() if run.recorded is None else ():
            if isinstance(node, ToolNode):
                entry = gate.registry.find(node.tool_name)
                if entry is None or not gate.allows(entry, caller):
                    known = ", ".join(one.name for one in gate.visible(caller)) or "none"
                    raise AgentError(f"node {node.name!r}: no tool is named {node.tool_name!r}; there are {known}")


def with_inputs(policy: Policy, inputs: Mapping[str, Any]) -> Policy:
    """The policy, starting with these values.

    Raises:
        AgentError: it is none that takes any.
    """
    if not inputs:
        return policy
    if not isinstance(policy, GraphPolicy):
        name = policy.about["policy"]
        raise AgentError(f"{', '.join(inputs)}: only a graph starts with values, and the policy of this run is {name}")
    return replace(policy, inputs={**policy.inputs, **inputs})


def _agent(node: AgentNode, agents: Mapping[str, Agent]) -> Agent:
    if isinstance(node.agent, Agent):
        return node.agent
    if node.agent not in agents:
        known = ", ".join(sorted(agents)) or "none; give the agent itself, or run it in a Runtime"
        raise AgentError(f"node {node.name!r}: no agent is named {node.agent!r}; there are: {known}")
    return agents[node.agent]
