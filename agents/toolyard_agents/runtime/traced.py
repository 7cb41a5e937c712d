"""A run of its own, whose trace is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import AgentError
from toolyard_agents.opened import opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.parts import RuntimeParts
from toolyard_agents.session.bounds import Bounds
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.limits import narrowed
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Seconds of a run, and calls of it that are under way at once; None leaves it to the agent and its profile."""

    timeout: float | None = None
    max_concurrency: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("timeout", self.timeout), ("max_concurrency", self.max_concurrency)):
            if value is not None and not value > 0:
                raise AgentError(f"{name}={value!r}; expected a number above 0, or None")


async def traced_run(
    parts: RuntimeParts,
    agent: Agent,
    prompt: str,
    folder: Path,
    limits: RunLimits,
    on_event: OnEvent | None,
    token: CancellationToken | None,
) -> RunResult:
    """Run a prompt of the program itself, in a new conversation.

    Raises:
        OSError: the trace cannot be written.
    """
    host = parts.runs.caller
    caller = replace(host, profile=narrowed(host.profile, Budgets(fan_out=limits.max_concurrency)))
    token = token or CancellationToken()
    async with parts.runs.open_toolkits.held(), opened_behind(parts.ground.gate, agent) as open_agent:
        with parts.runs.tracked(token), TraceWriter(folder=folder, subject=Subject.of(agent)) as trace:
            context = RunContext(
                caller=caller,
                trusted=True,
                opened=open_agent,
                bounds=Bounds(wall_time=limits.timeout),
                keep=trace.keep,
            )
            return await Session(agent, context=context).run(prompt, on_event=on_event, token=token)
