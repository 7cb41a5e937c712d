"""Who makes an agent's calls, and within which bounds: the stricter of everybody's."""

from __future__ import annotations

from dataclasses import replace

from toolyard_agents.agent import Agent
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import ModelRefused
from toolyard_agents.models.model import Model
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.spending import Spending
from toolyard_agents.usage import NOTHING
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import least


def caller_of(agent: Agent, context: RunContext) -> Caller:
    """Who makes the agent's calls: the caller and the agent in one, with no more than both may do under the hooks."""
    caller = context.caller
    profile = narrowed(caller.profile & agent.profile, agent.config.budgets)
    return replace(
        caller,
        id=f"{caller.id}/{agent.name}",
        profile=context.hooks.narrowed(profile) if context.hooks else profile,
        on_behalf_of=caller.principal,
    )


def narrowed(profile: PermissionProfile, budgets: Budgets) -> PermissionProfile:
    """The profile with the depth and the fan-out of the budgets, where they are stricter."""
    depth = least(budgets.depth, profile.limits.depth)
    fan_out = least(budgets.fan_out, profile.limits.fan_out)
    limits = profile.limits.model_copy(update={"depth": depth, "fan_out": fan_out})
    return profile.model_copy(update={"limits": limits})


def bounds_of(agent: Agent, caller: Caller, context: RunContext) -> Budgets:
    """The stricter of what the agent, the caller's profile and the context say."""
    limits = caller.profile.limits
    callers = Budgets(max_turns=limits.max_turns, max_tokens=limits.max_tokens, max_cost=limits.max_cost)
    return agent.config.budgets & callers & (context.bounds or Budgets())


def check_price(spending: Spending, model: Model) -> None:
    """A cost that nobody knows cannot be kept within a bound.

    Raises:
        ModelRefused: the price of the model is not known, and the budget bounds the cost.
    """
    costs = [bounds.max_cost for bounds in spending.all_bounds if bounds.max_cost is not None]
    if costs and model.cost(NOTHING) is None:
        raise ModelRefused(
            f"the price of {model.name!r} is not known, so max_cost={min(costs):g} cannot be kept; "
            f"add it to prices.yaml, or take max_cost out"
        )
