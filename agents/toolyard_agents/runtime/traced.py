"""A run of its own, whose trace is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.hooks.run_hooks import redaction_of
from toolyard_agents.policies.policy import Policy
from toolyard_agents.results import RunResult
from toolyard_agents.runtime.run_limits import RunLimits
from toolyard_agents.runtime.running import Runs
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.session import Session
from toolyard_agents.state.state import State
from toolyard_agents.traces.replaying import Played
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """A prompt of the program itself, in a conversation of its own."""

    agent: Agent
    prompt: str
    policy: Policy
    limits: RunLimits
    on_event: OnEvent | None
    token: CancellationToken


async def traced(run: ProgramRun, runs: Runs, folder: Path) -> RunResult:
    """Run it, and write its trace into `folder`.

    Raises:
        AgentError: the policy cannot be used.
        OSError: the trace cannot be written.
    """
    subject = Subject.of(run.agent, run.policy, redaction_of(runs.hooks, run.agent.policy_hooks))
    with runs.tracked(run.token), TraceWriter(folder=folder, subject=subject) as trace:
        async with runs.opened(run.agent, run.limits, trace.keep) as context:
            session = Session(run.agent, context=replace(context, policy=run.policy))
            return await session.run(run.prompt, on_event=run.on_event, token=run.token)


async def gone_on(run: ProgramRun, played: Played, runs: Runs, folder: Path) -> RunResult:
    """Go on live from where a run that was played again was interrupted; its trace holds both.

    Raises:
        OSError: the trace cannot be written.
    """
    redaction, before = redaction_of(runs.hooks, run.agent.policy_hooks), played.result.events[:-1]
    subject = Subject.of(run.agent, run.policy, redaction)
    with runs.tracked(run.token), TraceWriter(folder=folder, subject=subject, before=before) as trace:
        async with runs.opened(run.agent, run.limits, trace.keep) as context:
            state = State.from_entries(played.state.entries)
            session = Session(run.agent, state=state, context=replace(context, policy=run.policy))
            return await session.resume(on_event=run.on_event, token=run.token)
