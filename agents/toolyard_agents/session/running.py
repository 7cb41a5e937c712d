"""Making a run ready, from what was asked and what stands."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.control.run_control import RunControl
from toolyard_agents.models.model import ModelSettings
from toolyard_agents.opened import OpenAgent
from toolyard_agents.policies.default import policy_of
from toolyard_agents.policies.policy import Policy
from toolyard_agents.session.approving import Approvers
from toolyard_agents.session.calls import Calls
from toolyard_agents.session.compacting import Compactor
from toolyard_agents.session.emitting import Emitter, OnEvent
from toolyard_agents.session.limits import bounds_of, caller_of
from toolyard_agents.session.offering import offer_of
from toolyard_agents.session.parent_run import ParentRun
from toolyard_agents.session.run import Run
from toolyard_agents.session.run_context import RunContext, hooked
from toolyard_agents.session.spending import Spending
from toolyard_agents.state.estimates import text_tokens
from toolyard_agents.state.spent import Spent, spent_by_last_run
from toolyard_agents.state.waiting import CallPath
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.gate import Gate

if TYPE_CHECKING:
    from toolyard_agents.session.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One prompt, or, without one, the going on of an interrupted run with the answers `given`."""

    token: CancellationToken
    prompt: str | None = None
    given: Mapping[CallPath, bool] = field(default_factory=dict[CallPath, bool])
    on_event: OnEvent | None = None


def run_of(session: Session, open_agent: OpenAgent, request: RunRequest) -> Run:
    """The run, ready to go."""
    agent, state, context = session.agent, session.state, hooked(session.context, session.agent)
    policy = context.policy or policy_of(agent)
    gate = _gate_of(policy, open_agent, context)
    caller = caller_of(agent, context)
    emitter = emitter_of(session, request.on_event)
    resumed = request.prompt is None
    control = RunControl(context.pause)
    spending = Spending(
        bounds=bounds_of(agent, caller, context),
        state=state,
        before=spent_by_last_run(state.entries) if resumed else Spent(),
        asker=context.spending,
        clock=control.pause.clock,
    )
    parent = ParentRun(
        emitter=emitter,
        state=state,
        context=context,
        token=request.token,
        callback=session.approval_callback,
        spending=spending,
        gate=gate,
        pause=control.pause,
    )
    auto = context.trusted and agent.config.auto_approve
    approvers = Approvers(
        callback=session.approval_callback, auto=auto, desk=context.desk, host=gate.approver, hooks=context.hooks
    )
    calls = Calls(
        gate=gate, caller=caller, run=parent, approvers=approvers, free=asyncio.Semaphore(caller.profile.limits.fan_out)
    )
    return Run(
        model=open_agent.model,
        settings=_settings(agent),
        system_prompt=agent.system_prompt,
        state=state,
        calls=calls,
        emitter=emitter,
        spending=spending,
        compactor=compactor_of(session, open_agent, emitter, spending.charge),
        token=request.token,
        offer=lambda: offer_of(gate, caller),
        policy=policy,
        until=context.until,
        recorded=context.recorded,
        prompt=request.prompt,
        given=request.given,
        control=control,
    )


def _gate_of(policy: Policy, open_agent: OpenAgent, context: RunContext) -> Gate:
    """The gate to the agent's tools, and to those that the policy brings, which stand for others of their names."""
    tools = policy.tools(context.agents)
    if not tools:
        return open_agent.gate
    registry = open_agent.gate.registry.select()
    for tool in tools:
        registry.remove(tool.name)
        registry.register(tool, toolkit="policy")
    return replace(open_agent.gate, registry=registry)


def emitter_of(session: Session, on_event: OnEvent | None = None) -> Emitter:
    """Tells what happens in the session's next run."""
    hooks = hooked(session.context, session.agent).hooks
    return Emitter(
        run_id=secrets.token_hex(8),
        agent=session.agent.name,
        parent_run_id=session.context.parent_run_id,
        parent_call_id=session.context.parent_call_id,
        on_event=on_event or session.context.on_event,
        keep=session.context.keep,
        redaction=hooks.redaction if hooks else None,
    )


def compactor_of(
    session: Session, open_agent: OpenAgent, emitter: Emitter, charge: Callable[[Usage], None]
) -> Compactor:
    """Makes room in the session's conversation."""
    return Compactor(
        model=open_agent.model,
        state=session.state,
        emitter=emitter,
        window=session.context_window if session.auto_compact else None,
        charge=charge,
        overhead=text_tokens(session.agent.system_prompt),
        reported=session.reported,
    )


def _settings(agent: Agent) -> ModelSettings:
    config = agent.config
    return ModelSettings(
        reasoning_effort=config.reasoning_effort,
        service_tier=config.service_tier,
        response_format=config.response_format,
    )
