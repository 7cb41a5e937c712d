"""Playing a trace again: the answers and the results are those that were written down, and nothing is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from toolyard_agents.agent import Agent
from toolyard_agents.errors import TraceError
from toolyard_agents.hooks.redaction import Redaction
from toolyard_agents.opened import OpenAgent
from toolyard_agents.policies.policy import Policy
from toolyard_agents.results import ENDS, RunResult, StopReason
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.state import State
from toolyard_agents.telemetry.operation import silence
from toolyard_agents.traces.checking import check_events
from toolyard_agents.traces.reading import Line, Trace
from toolyard_agents.traces.recorded import RecordedModel, answers_of, recording_of
from toolyard_agents.traces.subject import Subject
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.builtin import BUILT_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A run that was played again, and its conversation."""

    result: RunResult
    state: State


async def replayed(
    trace: Trace,
    agent: Agent,
    policy: Policy,
    agents: Mapping[str, Agent],
    until: int | None = None,
    redaction: Redaction | None = None,
) -> Played:
    """The run of a trace once more, by the agent as it is now; it is interrupted after `until` steps. It changes
    nothing anywhere. The `redaction` is that of the trace.

    Raises:
        TraceError: the agent or the policy is not the one that ran, or the trace is damaged, or ends before that step.
    """
    if difference := Subject.of(agent, policy, redaction).difference(trace.subject):
        raise TraceError(f"trace {trace.id!r} cannot be played again: {difference}")
    check_events(trace)
    ended = _last(trace.own)
    recording = recording_of(trace.own, ended)
    model = RecordedModel(name=trace.subject.model, answers=answers_of(trace.own), recording=recording)
    gate = Gate(registry=agent.registry, recorder=Recorder(NoLedger()), approvals=Approvals(state_folder()))
    context = RunContext(
        caller=Caller(id="replay", profile=BUILT_IN["unrestricted"]),
        opened=OpenAgent(gate=gate, model=model),
        policy=policy,
        agents=agents,
        until=until,
        recorded=recording,
    )
    session = Session(agent, context=context)
    session.auto_compact = False
    with silence():
        result = await session.run(_prompt(trace))
    if until is not None:
        _check_stopped(result, until, over=recording.over)
    return Played(result=_as_it_ended(result, ended) if recording.over else result, state=session.state)


def _check_stopped(result: RunResult, until: int, *, over: bool) -> None:
    if over or result.stop_reason != "interrupted":
        steps = sum(event.type == "step_start" for event in result.events)
        raise TraceError(f"until={until}: the trace is over after {steps} steps; give a smaller number")


def _prompt(trace: Trace) -> str:
    started = next((event for event in trace.own if event["type"] == "agent_start"), None)
    if started is None or not isinstance(started.get("content"), str):
        raise TraceError(f"trace {trace.id!r} has no prompt: it goes on with a run that was interrupted")
    return str(started["content"])


def _last(own: Sequence[Line]) -> Line | None:
    return next((event for event in reversed(own) if event["type"] in ENDS), None)


def _as_it_ended(result: RunResult, ended: Line | None) -> RunResult:
    """Why a run was ended from outside is not played again: it is told as it was."""
    if ended is None:
        return result
    about: Line = ended.get("tool_metadata") or {}
    reason = cast("StopReason", about.get("stop_reason", "error"))
    return replace(result, status=ENDS[ended["type"]], stop_reason=reason)
