"""Making a run ready, from what was asked and what stands."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.models.model import ModelSettings
from toolyard_agents.opened import OpenAgent
from toolyard_agents.session.approving import Approvers
from toolyard_agents.session.calls import Calls
from toolyard_agents.session.emitting import Emitter, OnEvent
from toolyard_agents.session.limits import bounds_of, caller_of
from toolyard_agents.session.offering import offer_of
from toolyard_agents.session.parent_run import ParentRun
from toolyard_agents.session.run import Run
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One prompt, or, without one, the going on of an interrupted run with the answers `given`."""

    token: CancellationToken
    prompt: str | None = None
    given: Mapping[str, bool] = field(default_factory=dict[str, bool])
    on_event: OnEvent | None = None


def run_of(
    agent: Agent,
    state: State,
    context: RunContext,
    open_agent: OpenAgent,
    approvers: Approvers,
    request: RunRequest,
) -> Run:
    """The run, ready to go; the state knows of it."""
    caller = caller_of(agent, context)
    emitter = Emitter(
        run_id=secrets.token_hex(8),
        agent=agent.name,
        parent_run_id=context.parent_run_id,
        on_event=request.on_event or context.on_event,
    )
    calls = Calls(
        gate=open_agent.gate,
        caller=caller,
        outer=context.door,
        emitter=emitter,
        approvers=approvers,
        thread_id=state.session_id,
        at_once=caller.profile.limits.fan_out,
    )
    run = Run(
        model=open_agent.model,
        settings=_settings(agent),
        system_prompt=agent.system_prompt,
        state=state,
        calls=calls,
        emitter=emitter,
        bounds=bounds_of(agent, caller, context),
        offer=lambda: offer_of(open_agent.gate, caller),
        prompt=request.prompt,
    )
    calls.parent = ParentRun(
        emitter=emitter,
        state=state,
        depth=context.depth,
        door=context.door,
        token=request.token,
        callback=approvers.callback,
        left=lambda: run.bounds.less(run.turns, run.usage, time.monotonic() - run.began),
        spent=run.spend,
    )
    return run


def _settings(agent: Agent) -> ModelSettings:
    config = agent.config
    return ModelSettings(
        reasoning_effort=config.reasoning_effort,
        service_tier=config.service_tier,
        response_format=config.response_format,
    )
