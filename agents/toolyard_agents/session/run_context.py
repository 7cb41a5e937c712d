"""For whom a session runs, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from toolyard_agents.config.budgets import Budgets
from toolyard_agents.hooks.run_hooks import RunHooks, joined
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.doors import NO_DOOR, Door

if TYPE_CHECKING:
    from toolyard_agents.agent import Agent
    from toolyard_agents.control.pause import Pause
    from toolyard_agents.opened import OpenAgent
    from toolyard_agents.policies.policy import Policy
    from toolyard_agents.session.approving import Desk
    from toolyard_agents.session.emitting import Keep, OnEvent
    from toolyard_agents.session.recording import Recording
    from toolyard_agents.session.spending import Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """`caller` is who makes the session's calls: they may do what both the caller and the agent may.

    `trusted` says that the host's own program runs it, so that `auto_approve` counts; a run that came over MCP, or by
    delegation, is not. `door` leads back to whoever asked for the run. `opened` is what the host keeps open. `desk`
    takes asks that the program itself does not answer, and `keep` the events. What the run uses is charged to
    `spending` too, and it waits with `pause`, both those of whoever asked for it: the run `parent_run_id`, by its call
    `parent_call_id`. `policy` is used in the place of the agent's, and `agents` are those that it can name. The run is
    interrupted after `until` steps; `recorded` is the run that it plays again. `hooks` are the runtime's, and those of
    agents that delegated to it.
    """

    caller: Caller
    trusted: bool = False
    door: Door = NO_DOOR
    depth: int = 0
    bounds: Budgets | None = None
    spending: Spending | None = None
    parent_run_id: str | None = None
    parent_call_id: str | None = None
    opened: OpenAgent | None = None
    on_event: OnEvent | None = None
    desk: Desk | None = None
    keep: Keep | None = None
    policy: Policy | None = None
    agents: Mapping[str, Agent] = field(default_factory=dict[str, "Agent"])
    until: int | None = None
    recorded: Recording | None = None
    hooks: RunHooks | None = None
    pause: Pause | None = None


def hooked(context: RunContext, agent: Agent) -> RunContext:
    """The context of a run of this agent, which has hooks of its own."""
    hooks = joined(context.hooks, agent.policy_hooks)
    return context if hooks is context.hooks else replace(context, hooks=hooks)
