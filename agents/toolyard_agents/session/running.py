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
from toolyard_agents.session.bounds import budget_of, caller_of
from toolyard_agents.session.calls import Calls
from toolyard_agents.session.emitting import Emitter, OnEvent
from toolyard_agents.session.offering import offer_of
from toolyard_agents.session.run import Run
from toolyard_agents.session.scope import Scope
from toolyard_agents.session.situation import Situation
from toolyard_agents.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One prompt, or, without one, the going on of an interrupted run with the answers `given`."""

    token: CancellationToken
    prompt: str | None = None
    given: Mapping[str, bool] = field(default_factory=dict[str, bool])
    on_event: OnEvent | None = None


def run_of(
    agent: Agent,
    state: State,
    situation: Situation,
    open_agent: OpenAgent,
    approvers: Approvers,
    occasion: Occasion,
) -> Run:
    """The run, ready to go; the state knows of it."""
    caller = caller_of(agent, situation)
    emitter = Emitter(
        run_id=secrets.token_hex(8),
        agent=agent.name,
        parent_run_id=situation.parent_run_id,
        on_event=occasion.on_event or situation.on_event,
    )
    calls = Calls(
        gate=open_agent.gate,
        caller=caller,
        outer=situation.door,
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
        budget=budget_of(agent, caller, situation),
        offer=lambda: offer_of(open_agent.gate, caller),
        prompt=occasion.prompt,
    )
    calls.scope = Scope(
        emitter=emitter,
        state=state,
        depth=situation.depth,
        door=situation.door,
        token=occasion.token,
        callback=approvers.callback,
        left=lambda: run.budget.less(run.turns, run.usage, time.monotonic() - run.began),
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
