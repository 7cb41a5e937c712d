"""Reasoning and acting in turns, until there is an answer: the policy of agents that name none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolyard_agents.agent import Agent
from toolyard_agents.policies.bounds import check_bound
from toolyard_agents.policies.rounds import rounds
from toolyard_agents.session.run import Run
from toolyard_agents.session.stop import Stop
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.tool import Tool


@dataclass(frozen=True, slots=True)
class ReActPolicy:
    """The model may call tools, several at once, until it answers; it is asked `max_iterations` times at the most."""

    max_iterations: int | None = None

    def __post_init__(self) -> None:
        check_bound("max_iterations", self.max_iterations)

    @property
    def about(self) -> JsonObject:
        return {"policy": "react", "max_iterations": self.max_iterations}

    def tools(self, agents: Mapping[str, Agent]) -> Sequence[Tool]:
        return ()

    async def drive(self, run: Run) -> Stop:
        return await rounds(run, self.max_iterations)
