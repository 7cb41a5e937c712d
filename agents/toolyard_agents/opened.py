"""What is open while an agent runs: its toolkits, its model's client, and the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from toolyard_agents.agent import Agent
from toolyard_agents.models.model import Model
from toolyard_agents.telemetry.calls import observe_call
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAgent:
    """The gate to an agent's tools, and its model."""

    gate: Gate
    model: Model


@asynccontextmanager
async def opened(agent: Agent) -> AsyncGenerator[OpenAgent]:
    """Open what the agent needs, and close it."""
    ledger = FileLedger(state_folder())
    gate = Gate(
        registry=agent.registry,
        recorder=Recorder(ledger),
        approvals=Approvals(state_folder()),
        observer=observe_call,
    )
    try:
        async with opened_behind(gate, agent) as open_agent:
            yield open_agent
    finally:
        ledger.close()


@asynccontextmanager
async def opened_behind(gate: Gate, agent: Agent) -> AsyncGenerator[OpenAgent]:
    """The agent's own tools behind a gate that its host keeps; a model that the agent was given stays its giver's."""
    model = agent.create_client()
    try:
        async with agent.open_toolkits.held():
            yield OpenAgent(gate=replace(gate, registry=agent.registry), model=model)
    finally:
        if model is not agent.model:
            await model.aclose()
