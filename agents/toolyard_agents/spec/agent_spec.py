"""An agent of a spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from typing_extensions import Unpack

from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.config.definition import Role
from toolyard_agents.errors import SpecError
from toolyard_agents.spec.naming import tools_of
from toolyard_agents.spec.plan_spec import PlanSpec
from toolyard_agents.spec.toolkit_spec import ToolkitSpec
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.choice import choose_profile
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.tool import Tool

PLANNED: tuple[Role, ...] = ("planner", "executor")
"""The roles that have a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """An agent has exactly the tools, the toolkits and the plan that are declared here, and may do what its profile
    grants: by default `readonly`."""

    config: AgentConfig
    tools: tuple[Tool, ...] = ()
    toolkits: tuple[ToolkitSpec, ...] = ()
    plan: PlanSpec | None = None

    @property
    def name(self) -> str:
        return self.config.name or ""

    @property
    def role(self) -> Role:
        return self.config.role or "specialist"


class AgentParts(TypedDict, total=False):
    """What every agent of a spec can be given."""

    model: str
    prompt: str
    vars: Mapping[str, str]
    description: str
    tools: Iterable[Any]
    toolkits: Sequence[ToolkitSpec]
    profile: str | PermissionProfile
    budgets: Budgets
    base_url: str
    reasoning_effort: str
    service_tier: str
    response_format: Mapping[str, Any]
    auto_approve: bool
    expose: bool


def define_coordinator(name: str, *, routes: Sequence[str] = (), **parts: Unpack[AgentParts]) -> AgentSpec:
    """The agent that a runtime's prompts go to, which delegates to those in `routes`.

    Raises:
        SpecError: a part cannot be used; the text names the agent.
    """
    return _agent(name, "coordinator", parts, routes=_routes(name, routes))


def define_planner(name: str, *, plan: PlanSpec, **parts: Unpack[AgentParts]) -> AgentSpec:
    """An agent that proposes plans of this kind; its own tools are for finding out what to propose.

    Raises:
        SpecError: as `define_coordinator`.
    """
    return _agent(name, "planner", parts, plan=plan)


def define_executor(name: str, *, plan: PlanSpec, **parts: Unpack[AgentParts]) -> AgentSpec:
    """An agent that has plans of this kind approved and carried out.

    Raises:
        SpecError: as `define_coordinator`.
    """
    return _agent(name, "executor", parts, plan=plan)


def define_specialist(name: str, *, routes: Sequence[str] = (), **parts: Unpack[AgentParts]) -> AgentSpec:
    """An agent for one kind of work.

    Raises:
        SpecError: as `define_coordinator`.
    """
    return _agent(name, "specialist", parts, routes=_routes(name, routes))


def _agent(
    name: str, role: Role, parts: AgentParts, *, routes: Sequence[str] = (), plan: PlanSpec | None = None
) -> AgentSpec:
    given: dict[str, Any] = {"auto_approve": False, **parts}
    tools = tools_of(given.pop("tools", ()), of=f"agent {name!r}")
    toolkits = tuple(given.pop("toolkits", ()))
    if wrong := [one for one in toolkits if not isinstance(one, ToolkitSpec)]:
        raise SpecError(f"agent {name!r}: toolkits={wrong!r}; expected what define_toolkit returns")
    if plan is not None and not isinstance(plan, PlanSpec):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"agent {name!r}: plan={plan!r}; expected what define_plan returns")
    if unknown := sorted(set(given) - set(AgentParts.__annotations__)):
        raise SpecError(f"agent {name!r}: unknown {', '.join(unknown)}; known: {', '.join(AgentParts.__annotations__)}")
    given["system_prompt"] = given.pop("prompt", None)
    try:
        config = AgentConfig(name=name, role=role, routes=list(routes), **given)
    except ConfigError as error:
        raise SpecError(f"agent {name!r}: {error}") from error
    return checked_agent(AgentSpec(config=config, tools=tools, toolkits=toolkits, plan=plan))


def checked_agent(agent: AgentSpec) -> AgentSpec:
    """The agent, whose parts fit together.

    Raises:
        SpecError: it has no name, its profile is none, it has not what its role needs, or its routes lead nowhere.
    """
    of = f"agent {agent.name!r}"
    if not agent.name:
        raise SpecError("an agent has no name; give each one a name of its own")
    if agent.plan is None and agent.role in PLANNED:
        raise SpecError(f"{of} is a {agent.role} without a plan; name the kind of plan that it is for")
    if agent.plan is not None and agent.role not in PLANNED:
        raise SpecError(f"{of} is a {agent.role}, and plans are for {' and '.join(PLANNED)}s; leave it out")
    if agent.config.routes and agent.role in PLANNED:
        raise SpecError(f"{of} is a {agent.role}, and routes are for coordinators and specialists; leave them out")
    _check_routes(agent.name, agent.config.routes)
    try:
        choose_profile(agent.config.profile or "readonly")
    except ConfigError as error:
        raise SpecError(f"{of}: {error}") from error
    return agent


def _routes(name: str, routes: Sequence[str]) -> Sequence[str]:
    if isinstance(routes, str):
        raise SpecError(f"agent {name!r}: routes={routes!r}; expected a list of the names of agents")
    return routes


def _check_routes(name: str, routes: Sequence[str]) -> None:
    for route in routes:
        if route == name:
            raise SpecError(f"agent {name!r} routes to itself; leave it out")
        if routes.count(route) > 1:
            raise SpecError(f"agent {name!r} routes to {route!r} twice; name it once")
