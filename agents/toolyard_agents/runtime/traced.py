"""A run of its own, whose trace is written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import AgentEvent
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
    """A run of the program itself, in a conversation of its own."""

    agent: Agent
    policy: Policy
    limits: RunLimits
    on_event: OnEvent | None
    token: CancellationToken


async def traced(run: ProgramRun, prompt: str, runs: Runs, folder: Path) -> RunResult:
    """Run a prompt, and write the trace into `folder`.

    Raises:
        AgentError: the policy cannot be used.
        OSError: the trace cannot be written.
    """
    async with _session(run, State(), runs, folder) as session:
        return await session.run(prompt, on_event=run.on_event, token=run.token)


async def gone_on(run: ProgramRun, played: Played, runs: Runs, folder: Path) -> RunResult:
    """Go on live from where a run that was played again was interrupted; its trace holds both.

    Raises:
        OSError: the trace cannot be written.
    """
    state = State.from_entries(played.state.entries)
    async with _session(run, state, runs, folder, played.result.events[:-1]) as session:
        return await session.resume(on_event=run.on_event, token=run.token)


@asynccontextmanager
async def _session(
    run: ProgramRun, state: State, runs: Runs, folder: Path, before: Sequence[AgentEvent] = ()
) -> AsyncGenerator[Session]:
    """The session of a run whose trace is written, after the events `before`."""
    subject = Subject.of(run.agent, run.policy, redaction_of(runs.hooks, run.agent.policy_hooks))
    with runs.tracked(run.token), TraceWriter(folder=folder, subject=subject, before=before) as trace:
        async with runs.opened(run.agent, run.limits, trace.keep) as context:
            yield Session(run.agent, state=state, context=replace(context, policy=run.policy))
