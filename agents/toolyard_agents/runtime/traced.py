"""A run of its own, whose trace is written."""

from __future__ import annotations

from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.opened import opened_behind
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.parts import RuntimeParts
from toolyard_agents.runtime.run_limits import RunLimits
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter


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
    token = token or CancellationToken()
    async with parts.runs.open_toolkits.held(), opened_behind(parts.ground.gate, agent) as open_agent:
        with parts.runs.tracked(token), TraceWriter(folder=folder, subject=Subject.of(agent)) as trace:
            context = RunContext(
                caller=limits.narrowed(parts.runs.caller),
                trusted=True,
                opened=open_agent,
                bounds=limits.bounds,
                keep=trace.keep,
            )
            return await Session(agent, context=context).run(prompt, on_event=on_event, token=token)
