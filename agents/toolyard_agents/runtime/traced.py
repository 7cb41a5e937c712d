"""A run of its own, whose trace is written."""

from __future__ import annotations

from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.run_limits import RunLimits
from toolyard_agents.runtime.running import Runs
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.session import Session
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter


async def traced_run(
    runs: Runs,
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
    with runs.tracked(token), TraceWriter(folder=folder, subject=Subject.of(agent)) as trace:
        async with runs.opened(agent, limits, trace.keep) as context:
            return await Session(agent, context=context).run(prompt, on_event=on_event, token=token)
