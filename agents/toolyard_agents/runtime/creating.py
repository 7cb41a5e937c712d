"""From a spec to a runtime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, overload

from toolyard_agents.agent import Agent
from toolyard_agents.agent_runtime.api import AgentRuntime
from toolyard_agents.agent_runtime.api import create_runtime as create_agent_runtime
from toolyard_agents.agent_runtime.options import RuntimeOptions
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.errors import AgentError, SpecError
from toolyard_agents.hooks.policy_hooks import PolicyHooks
from toolyard_agents.hooks.run_hooks import RunHooks, check_names, joined
from toolyard_agents.models.model import Model
from toolyard_agents.plans.plans import Plans
from toolyard_agents.plans.tools import execute_tool, get_tool, propose_tool
from toolyard_agents.references.tools import reference_tools
from toolyard_agents.runtime.environment import environment_of, toolkit_of
from toolyard_agents.runtime.interpreters import ModelOf, models_of
from toolyard_agents.runtime.parts import Ground, RuntimeParts
from toolyard_agents.runtime.runtime import Runtime
from toolyard_agents.runtime.testing import TestingConfig
from toolyard_agents.session.approving import ApprovalCallback
from toolyard_agents.session.driving import CancelCheck
from toolyard_agents.session.session import Session
from toolyard_agents.spec.agent_spec import AgentSpec
from toolyard_agents.spec.runtime_spec import RuntimeSpec
from toolyard_agents.storage.opening import open_storage
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.profiles.choice import choose_profile
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.opening import Gone, OpenToolkits
from toolyard_kernel.tools.registry import PYTHON_TOOLS, Registry
from toolyard_kernel.tools.tool import Tool
from toolyard_kernel.tools.toolkits import Toolkit

OF_SPEC = frozenset({"interpreter", "testing", "services", "data_environment", "profile", "ledger", "policy_hooks"})
OURS = "runtime"
"""The toolkit of the tools that a runtime gives its agents."""


@overload
def create_runtime(
    spec: RuntimeSpec,
    /,
    *,
    interpreter: str | Model = ...,
    testing: TestingConfig | None = ...,
    services: Mapping[str, Any] | None = ...,
    data_environment: Mapping[str, Any] | None = ...,
    profile: str | PermissionProfile = ...,
    ledger: Ledger | None = ...,
    policy_hooks: PolicyHooks | None = ...,
) -> Runtime: ...
@overload
def create_runtime(
    system_prompt: str,
    options: RuntimeOptions | None = ...,
    session: Session | None = ...,
    approval_callback: ApprovalCallback | None = ...,
    cancel_check: CancelCheck | None = ...,
) -> AgentRuntime: ...
def create_runtime(
    system_prompt: str | RuntimeSpec,
    options: RuntimeOptions | None = None,
    session: Session | None = None,
    approval_callback: ApprovalCallback | None = None,
    cancel_check: CancelCheck | None = None,
    **of_spec: Any,
) -> Runtime | AgentRuntime:
    """A runtime of the agents that a spec defines; or, from a system prompt, a runtime of one agent with its session.

    With a spec: `interpreter` is `noop` (no model is asked), `scripted` (the prompt is a script of calls), `openai`,
    `anthropic`, or a model. `testing` answers each prompt with one text. `services` are your own objects, for handlers
    to reach as `ctx.<name>`. `data_environment` names what installed toolkits work on. `profile` is that of callers
    over MCP who show no token. Records go to the state folder, or to `ledger`. `policy_hooks` hold in every run.

    With a system prompt: `options` say the rest, and `session` is one to go on with.

    Raises:
        SpecError: the interpreter, a provider, or what is given besides the spec cannot be used.
        ConfigError, AgentError: a toolkit, a profile, the storage or an option cannot be used.
        DefinitionError: a service or a tool cannot be registered.
    """
    if isinstance(system_prompt, RuntimeSpec):
        if not all(one is None for one in (options, session, approval_callback, cancel_check)):
            raise SpecError("options, session, approval_callback and cancel_check are for a runtime of a system prompt")
        if unknown := sorted(set(of_spec) - OF_SPEC):
            raise SpecError(f"{', '.join(unknown)}: create_runtime of a spec takes {', '.join(sorted(OF_SPEC))}")
        return runtime_of(system_prompt, **of_spec)
    if not isinstance(system_prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise AgentError(f"a {type(system_prompt).__name__}: expected a system prompt, or what define_runtime returns")
    if of_spec:
        raise AgentError(f"{', '.join(of_spec)}: for a runtime of a spec, which define_runtime makes")
    return create_agent_runtime(system_prompt, options, session, approval_callback, cancel_check)


def runtime_of(
    spec: RuntimeSpec,
    *,
    interpreter: str | Model = "noop",
    testing: TestingConfig | None = None,
    services: Mapping[str, Any] | None = None,
    data_environment: Mapping[str, Any] | None = None,
    profile: str | PermissionProfile = "readonly",
    ledger: Ledger | None = None,
    policy_hooks: PolicyHooks | None = None,
) -> Runtime:
    """A runtime of the agents that a spec defines: see `create_runtime`."""
    models, environment = models_of(spec, interpreter, testing), environment_of(data_environment)
    storage, tenant = open_storage(spec.storage), spec.tenant.resource_id
    _check_apart(spec)
    ground = Ground.of(tenant, storage, kinds=spec.references, services=services, ledger=ledger)
    toolkits = {one.name: toolkit_of(one, environment) for one in spec.toolkits}
    agents = _agents(spec, models, toolkits, ground, joined(None, policy_hooks))
    served = {name: agent.registry.select() for name, agent in agents.items()}  # before they delegate: no client can
    _connect(agents)
    named = [tool.name for plan in spec.plans for tool in plan.tools]
    check_names(policy_hooks, [*named, *(entry.name for one in agents.values() for entry in one.registry)], "the spec")
    registries = [*served.values(), *(agent.registry for agent in agents.values())]
    open_toolkits = OpenToolkits(tuple(toolkits.values()), _lost(registries))
    made = tuple(agent.create_client() for agent in agents.values()) if isinstance(interpreter, str) else ()
    chosen = choose_profile(profile)
    return Runtime(parts=RuntimeParts.of(ground, agents, served, open_toolkits, chosen, made, policy_hooks))


def _check_apart(spec: RuntimeSpec) -> None:
    """Whoever may read the files of a toolkit must not read what everybody said."""
    if spec.storage.path is None:
        return
    storage = Path(spec.storage.path).expanduser().resolve()
    for toolkit in spec.toolkits:
        root = toolkit.settings.get("root")
        if isinstance(root, str) and storage.is_relative_to(Path(root).expanduser().resolve()):
            raise SpecError(
                f"storage {spec.storage.path!r} is below the root of the toolkit {toolkit.name!r}, whose tools would "
                "read the conversations of every caller; keep it in another folder"
            )


def _agents(
    spec: RuntimeSpec, models: ModelOf, toolkits: Mapping[str, Toolkit], ground: Ground, hooks: RunHooks | None
) -> dict[str, Agent]:
    registries = {plan.name: _registry(plan.tools) for plan in spec.plans}
    plans = Plans(storage=ground.storage, gate=ground.gate, registries=registries, hooks=hooks)
    agents: dict[str, Agent] = {}
    for one in spec.agents:
        registry = _registry(one.tools)
        for toolkit in (toolkits[own.name] for own in one.toolkits):
            _register(registry, toolkit.tools(), toolkit.name)
        _register(registry, (*_plan_tools(one, plans), *reference_tools(ground.references)), OURS)
        agents[one.name] = Agent(one.config, model=models(one), registry=registry)
    return agents


def _connect(agents: Mapping[str, Agent]) -> None:
    for agent in agents.values():
        if agent.config.routes:
            enable_delegation(agent, {name: agents[name] for name in agent.config.routes})


def _plan_tools(spec: AgentSpec, plans: Plans) -> Iterable[Tool]:
    if spec.plan is None:
        return ()
    plans_own = propose_tool(spec.plan, spec.name, plans) if spec.role == "planner" else execute_tool(spec.plan, plans)
    return plans_own, get_tool(spec.plan, plans)


def _registry(tools: Iterable[Tool]) -> Registry:
    registry = Registry()
    _register(registry, tools, PYTHON_TOOLS)
    return registry


def _register(registry: Registry, tools: Iterable[Tool], toolkit: str) -> None:
    for tool in tools:
        registry.register(tool, toolkit=toolkit)


def _lost(registries: Iterable[Registry]) -> Gone:
    """A toolkit failed: its tools are gone, and the others go on."""

    def gone(toolkit: Toolkit) -> None:
        for registry in registries:
            registry.remove_toolkit(toolkit.name)

    return gone
