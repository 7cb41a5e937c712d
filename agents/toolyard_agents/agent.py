"""`Agent`: who it is, which tools it has, and which model answers for it; shared by any number of sessions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.errors import AgentError
from toolyard_agents.hooks.policy_hooks import PolicyHooks, check_hooks
from toolyard_agents.hooks.run_hooks import check_names
from toolyard_agents.models.model import Model
from toolyard_agents.models.opening import open_model
from toolyard_agents.policies.policy import Policy, check_policy
from toolyard_agents.streaming import StreamEvent, run_stream
from toolyard_kernel.backends import Backend, load_backend
from toolyard_kernel.profiles.choice import choose_profile
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.functions import tool as tool_of
from toolyard_kernel.tools.opening import OpenToolkits
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool, ToolHandler
from toolyard_kernel.tools.toolkit_loading import load_toolkit
from toolyard_kernel.tools.toolkits import Toolkit

if TYPE_CHECKING:
    from toolyard_agents.results import RunResult
    from toolyard_agents.runtime.runtime import Runtime
    from toolyard_agents.session.emitting import OnEvent

NAME = "agent"
ROOTED = ("files", "search", "shell")
"""The toolkits that an agent made from a config has below its working directory."""


class Agent:
    """A definition that runs nothing itself and changes no more once it runs.

    `Agent(config)` has files, search and shell below its working directory, and the toolkits that the config names;
    `Agent(name=…, model=…, tools=…)` has exactly these tools.
    """

    def __init__(
        self,
        config: AgentConfig | None = None,
        *,
        name: str | None = None,
        model: str | Model | None = None,
        tools: Iterable[Tool | ToolHandler | Any] | None = None,
        system_prompt: str | None = None,
        description: str | None = None,
        registry: Registry | None = None,
        policy: Policy | None = None,
        trace_dir: str | PathLike[str] | None = None,
        policy_hooks: PolicyHooks | None = None,
    ) -> None:
        """`description` is what other agents read that can give it tasks. `registry` holds tools that are open already,
        in the place of those the config would bring. `policy` decides how its runs go, by default a `ReActPolicy`.
        `trace_dir` is where `run` writes traces, by default `.toolyard/traces`. `policy_hooks` hold in all runs of the
        agent, and in those that it delegates to.

        Raises:
            AgentError: both a config and the parts of one are given, the model, the tools, the policy or the hooks are
                none, or a hook names a tool that is not there.
            ConfigError: the profile, a toolkit or the prompt cannot be used.
            DefinitionError: a tool cannot be registered.
        """
        if config is not None and any(one is not None for one in (name, tools, system_prompt, description)):
            raise AgentError("an agent is made from a config, or from name, model and tools; both were given")
        _check_model(model)
        _check_several(tools)
        self.config = config or _config_of(name, model, system_prompt, description)
        self.model = model if model is not None else self.config.model
        self.name = self.config.name or NAME
        check_policy(policy)
        self.policy = policy
        self.trace_dir = trace_dir
        self.profile: PermissionProfile = choose_profile(self.config.profile or "readonly")
        self.system_prompt = self.config.resolve_system_prompt()
        backend = self.config.backend
        self.backend: Backend = load_backend(backend) if isinstance(backend, str) else backend
        self.registry = registry if registry is not None else Registry()
        self.toolkits: Sequence[Toolkit] = ()
        if config is not None and registry is None:
            self.toolkits = toolkits_of(self.config, self.backend)
            _register(self.registry, self.toolkits, self.config.tools)
        self.open_toolkits = OpenToolkits(self.toolkits, self._lost)
        for thing in tools or ():
            self.registry.register(thing if isinstance(thing, Tool | ToolHandler) else tool_of(thing))
        check_hooks(policy_hooks)
        check_names(policy_hooks, [entry.name for entry in self.registry], f"the agent {self.name!r}")
        self.policy_hooks = policy_hooks

    def _lost(self, toolkit: Toolkit) -> None:
        """A toolkit failed: its tools are gone, and the others go on."""
        self.registry.remove_toolkit(toolkit.name)

    async def run(
        self, prompt: str, *, on_event: OnEvent | None = None, token: CancellationToken | None = None
    ) -> RunResult:
        """Run a prompt in a runtime of the agent's own, and write its trace.

        Raises:
            OSError: the trace cannot be written.
        """
        async with _runtime_of(self) as runtime:  # its ledger is closed with it
            return await runtime.run(self.name, prompt, on_event=on_event, token=token)

    def run_stream(self, prompt: str) -> AsyncGenerator[StreamEvent]:
        """As `run`, told as it happens: `{"type": "trace_event", "data": …}` for each event,
        `{"type": "progress_update", "data": {"progress_percent": …}}`, and at the end, once,
        `{"type": "result", "result": …}`. Whoever leaves the stream cancels the run.

        Raises:
            OSError: the trace cannot be written.
        """
        return run_stream(lambda on_event, token: self.run(prompt, on_event=on_event, token=token))

    def create_client(self) -> Model:
        """The model's client. Whoever calls this closes it, unless the agent was given a model of its own."""
        return open_model(self.model, base_url=self.config.base_url)


def _check_model(model: object) -> None:
    is_model = hasattr(model, "name") and hasattr(model, "stream")
    if isinstance(model, type) or not (model is None or isinstance(model, str) or is_model):
        raise AgentError(f"model={model!r}; expected the name of a model, or an object that is one")


def _check_several(tools: object) -> None:
    if tools is not None and (isinstance(tools, str) or not isinstance(tools, Iterable)):
        raise AgentError(f"tools={tools!r}; expected a list of tools")


def _runtime_of(agent: Agent) -> Runtime:
    # Here, not at the top: a runtime holds agents, and an agent that is never run alone needs none.
    from toolyard_agents.runtime.runtime import Runtime  # noqa: PLC0415

    runtime = Runtime(trace_dir=agent.trace_dir)
    runtime.register_agent(agent)
    return runtime


def _config_of(
    name: str | None, model: str | Model | None, system_prompt: str | None, description: str | None
) -> AgentConfig:
    config = AgentConfig(name=name, system_prompt=system_prompt, description=description or "")
    return config if model is None else replace(config, model=model if isinstance(model, str) else NAME)


def toolkits_of(config: AgentConfig, backend: Backend) -> tuple[Toolkit, ...]:
    """The toolkits that the config brings; those that have a root share the one backend.

    Raises:
        ConfigError: one cannot be loaded, or its settings cannot be used.
    """
    base = config.resolve_working_dir()
    settings: dict[str, dict[str, Any]] = {name: {"root": str(base)} for name in ROOTED}
    for name, given in config.toolkits.items():
        settings[name] = {**settings.get(name, {}), **given}
    return tuple(
        load_toolkit(name, given, where="toolkits", base=base, backend=_backend_of(name, given, backend))
        for name, given in settings.items()
    )


def _backend_of(name: str, settings: Mapping[str, Any], backend: Backend) -> Backend | None:
    """None leaves it to the toolkit: its settings name one, or it is a shell here, which chooses by the profile."""
    chooses_by_profile = name == "shell" and backend.name == "local"
    return None if name not in ROOTED or "backend" in settings or chooses_by_profile else backend


def _register(registry: Registry, toolkits: Sequence[Toolkit], names: Sequence[str] | None) -> None:
    for toolkit in toolkits:
        for made in toolkit.tools():
            if names is None or made.name in names:
                registry.register(made, toolkit=toolkit.name)
    if missing := [name for name in names or () if registry.find(name) is None]:
        raise AgentError(f"tools: {', '.join(map(repr, missing))}: no toolkit of this agent has a tool of this name")
