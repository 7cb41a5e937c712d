"""One agent leads others: its model gives them tasks, reads their answers, and puts together its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolyard_agents.agent import Agent
from toolyard_agents.delegation import supervising_tool
from toolyard_agents.errors import AgentError
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.rounds import rounds
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class SupervisorPolicy:
    """The model has the tool `delegate`, which runs one of `agents`, several at once if it asks so, and nobody else.

    Each is an agent, or the name of one of the runtime; the model reads what they are for. It is asked
    `max_iterations` times at the most.
    """

    agents: Sequence[str | Agent]
    max_iterations: int | None = None

    def __post_init__(self) -> None:
        check_bound("max_iterations", self.max_iterations)
        given: Any = self.agents
        is_several = isinstance(given, Iterable) and not isinstance(given, str)
        agents = tuple(cast("Iterable[Any]", given)) if is_several else ()
        if not agents or not all(isinstance(one, str | Agent) for one in agents):
            raise AgentError(f"agents={given!r}; expected a list of agents, or of their names, at least one")
        object.__setattr__(self, "agents", agents)  # frozen: whoever has the list may change it
        names = _names(self.agents)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise AgentError(f"agents: {', '.join(twice)} is there twice; name each agent once")

    @property
    def about(self) -> JsonObject:
        return {"policy": "supervisor", "agents": _names(self.agents), "max_iterations": self.max_iterations}

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        return (supervising_tool({name: self._one(name, agents) for name in _names(self.agents)}),)

    async def drive(self, run: Run) -> Stop:
        return await rounds(run, self.max_iterations)

    def _one(self, name: str, agents: Mapping[str, Agent]) -> Agent:
        own = {one.name: one for one in self.agents if isinstance(one, Agent)}
        found = own.get(name) or agents.get(name)
        if found is None:
            known = ", ".join(sorted(agents)) or "none; give the agents themselves, or run it in a Runtime"
            raise AgentError(f"SupervisorPolicy: no agent is named {name!r}; there are: {known}")
        return found


def _names(agents: Sequence[str | Agent]) -> list[str]:
    return [one if isinstance(one, str) else one.name for one in agents]
