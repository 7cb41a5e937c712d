"""The runtime: one object behind every door, with the tools, the gate and what must be open while it serves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from toolyard_agents.telemetry.calls import observe_call
from toolyard_kernel.approvals.asks import Approver
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import checked_services
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.changes import Changes, ListChanged
from toolyard_kernel.errors import ConfigError, DefinitionError, UnknownName
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.offers.prompt_registry import Prompts
from toolyard_kernel.offers.prompts import Prompt
from toolyard_kernel.offers.resource_registry import Resources
from toolyard_kernel.offers.resources import Resource, ResourceTemplate
from toolyard_kernel.profiles.choice import choose_profile
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.references.memory import MemoryReferences
from toolyard_kernel.references.resources import reference_resources
from toolyard_kernel.references.store import ReferenceStore
from toolyard_kernel.tools.functions import tool as tool_of
from toolyard_kernel.tools.opening import OpenToolkits
from toolyard_kernel.tools.registry import PYTHON_TOOLS, Registered, Registry
from toolyard_kernel.tools.tool import Tool, ToolHandler
from toolyard_kernel.tools.toolkits import Toolkit

if TYPE_CHECKING:
    from toolyard_agents.config.agent_config import AgentConfig
    from toolyard_agents.team.team import Team

AGENTS = "agents"
"""The toolkit of the tools that run agents."""

ToolLike = Tool | ToolHandler | Callable[..., Any]
Toolkits = Sequence[Toolkit] | Mapping[str, Mapping[str, Any]]
"""Toolkit objects, or the settings of installed toolkits by name."""


class ServedRuntime(Protocol):
    """What the doors need of a runtime. `changes` tells when a client should list or read again."""

    @property
    def resources(self) -> Resources: ...
    @property
    def prompts(self) -> Prompts: ...
    @property
    def changes(self) -> Changes: ...

    def gate(self, agent: str) -> Gate:
        """The gate to the tools of `agent`, or `UnknownName`."""
        ...

    def caller(self, id: str, profile: PermissionProfile | None = None) -> Caller:
        """A caller of the runtime's tenant, under its profile unless another is given."""
        ...

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Entered before the first call and left after the last."""
        ...


@dataclass(slots=True, kw_only=True)
class ToolRuntime:
    """A runtime of tools, served as those of one agent. Only `adopt` changes it. Some tools may run agents: `team`."""

    agent: str
    tenant: str
    profile: PermissionProfile
    toolkits: tuple[Toolkit, ...]
    tool_gate: Gate
    served_by: list[Registry] = field(repr=False)
    open_toolkits: OpenToolkits = field(repr=False)
    resources: Resources
    prompts: Prompts
    changes: Changes
    team: Team | None = None
    last_caller: Caller | None = field(default=None, repr=False)

    def gate(self, agent: str) -> Gate:
        if agent != self.agent:
            raise UnknownName(f"no agent is named {agent!r}; this runtime serves the tools of {self.agent!r}")
        return self.tool_gate

    def caller(self, id: str, profile: PermissionProfile | None = None) -> Caller:
        profile = profile or self.profile
        last = self.last_caller  # most often the same one calls, under the same profile
        if last is None or (last.id, last.tenant) != (id, self.tenant) or last.profile is not profile:
            last = self.last_caller = Caller(id=id, tenant=self.tenant, profile=profile)
        return last

    def resource_updated(self, uri: str) -> None:
        """Tell the clients that subscribed to `uri` that it reads differently now. Any thread may say so."""
        self.resources.updated(uri)

    def open_ledger(self) -> None:
        """Open the ledger now, so that one that cannot be written is known before the first call.

        Raises:
            LedgerError: it cannot be written.
        """
        self.tool_gate.recorder.ledger.open()

    def adopt(self, other: ToolRuntime) -> None:
        """Serve what `other` has, under its profile, from the next call on; calls under way go on as they are."""
        self.profile, self.team = other.profile, other.team
        other.served_by.append(self.tool_gate.registry)
        self.tool_gate.registry.adopt(other.tool_gate.registry)
        self.resources.adopt(other.resources)
        self.prompts.adopt(other.prompts)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """The toolkits are open, for as long as any door is; one that fails takes only its own tools away."""
        try:
            async with self.open_toolkits.held():
                yield
        finally:
            if not self.open_toolkits.holders:
                self.tool_gate.recorder.ledger.close()


def create_mcp_runtime(  # noqa: PLR0913 - keywords with defaults, one for each thing a host can give
    *,
    tools: Iterable[ToolLike] = (),
    toolkits: Toolkits = (),
    resources: Iterable[Resource | ResourceTemplate] = (),
    prompts: Iterable[Prompt] = (),
    agent: str = "mcp",
    tenant: str = "default",
    profile: str | PermissionProfile = "readonly",
    services: Mapping[str, Any] | None = None,
    data_environment: Mapping[str, Any] | None = None,
    agents: Sequence[AgentConfig] = (),
    approver: Approver | None = None,
    ledger: Ledger | None = None,
    references: ReferenceStore | None = None,
) -> ToolRuntime:
    """A runtime that serves tools, toolkits, resources and prompts, and agents as tools that run them.

    `tools` are what `@tool` and `define_tool` made, plain functions, or objects with `handle`; `resources` and
    `prompts` are what `@resource` and `@prompt` made, and every caller may read them. `services` are your own objects,
    for handlers to reach as `ctx.<name>`. `agents` have these tools as theirs. `approver` answers asks before the
    profile's `on_ask` does. Records go to the state folder, or to `ledger` (`toolyard.testing.NoLedger()` keeps none).
    Results that are too long are kept in this process, or in `references`.

    Raises:
        ConfigError: the profile, a toolkit or its settings cannot be used.
        DefinitionError: a tool, resource, prompt or service cannot be registered as it is.
    """
    _refuse_environment(data_environment)
    given = _toolkits(toolkits)
    registry = _registry(tools, given)
    owned = {each.name: [entry for entry in registry if entry.toolkit == each.name] for each in given}
    served_by, changes, references = [registry], Changes(), references or MemoryReferences()
    gate = Gate(
        registry=registry,
        recorder=Recorder(ledger or FileLedger(state_folder())),
        approvals=Approvals(state_folder()),
        services=checked_services(services),
        approver=approver,
        changes=changes,
        references=references,
        observer=observe_call,
    )
    team = _team(agents, gate, served_by) if agents else None
    registry.on_change(lambda: changes.tell(ListChanged("tools")))
    return ToolRuntime(
        agent=agent,
        tenant=tenant,
        profile=choose_profile(profile),
        toolkits=given,
        tool_gate=gate,
        served_by=served_by,
        open_toolkits=OpenToolkits(given, lambda toolkit: _take_away(owned[toolkit.name], served_by)),
        resources=_resources((*resources, *reference_resources(references)), changes),
        prompts=_prompts(prompts, changes),
        changes=changes,
        team=team,
    )


def _registry(tools: Iterable[ToolLike], toolkits: Sequence[Toolkit]) -> Registry:
    registry = Registry()
    for thing in tools:
        registry.register(thing if isinstance(thing, Tool | ToolHandler) else tool_of(thing))
    for toolkit in toolkits:
        for member in _tools_of(toolkit):
            registry.register(member, toolkit=toolkit.name)
    return registry


def _refuse_environment(data_environment: Mapping[str, Any] | None) -> None:
    if data_environment:
        raise ConfigError(
            f"data_environment: {', '.join(map(repr, data_environment))} is read by no toolkit that is installed; "
            f"leave it out, or give connections as the toolkit's own settings"
        )


def _team(agents: Sequence[AgentConfig], gate: Gate, served_by: list[Registry]) -> Team:
    """The agents, with the tools that run them beside those of the gate."""
    # Here, not at the top: a server without agents needs none of this.
    from toolyard.agent_team import team_of  # noqa: PLC0415
    from toolyard_agents.team.tools import team_tools  # noqa: PLC0415

    team = team_of(agents, gate)
    served_by.extend(member.registry for member in team.agents.values())
    for made in team_tools(team):
        gate.registry.register(made, toolkit=AGENTS)
    return team


def _resources(given: Iterable[Resource | ResourceTemplate], changes: Changes) -> Resources:
    resources = Resources(changes)
    for resource in given:
        resources.register(resource)
    return resources


def _prompts(given: Iterable[Prompt], changes: Changes) -> Prompts:
    prompts = Prompts(changes)
    for prompt in given:
        prompts.register(prompt)
    return prompts


def _toolkits(toolkits: Toolkits) -> tuple[Toolkit, ...]:
    if isinstance(toolkits, Mapping):
        # Here, not at the top: toolkits that are objects already need none of this.
        from toolyard_kernel.tools.toolkit_loading import load_toolkit  # noqa: PLC0415

        here = Path.cwd()
        return tuple(load_toolkit(name, given, where="toolkits", base=here) for name, given in toolkits.items())
    given = tuple(toolkits)
    names = [toolkit.name for toolkit in given]
    for name in names:
        if name == PYTHON_TOOLS or names.count(name) > 1:
            taken = "stands for tools without a toolkit" if name == PYTHON_TOOLS else "is the name of another toolkit"
            raise DefinitionError(f"toolkit {name!r}: the name {taken}; choose another")
    return given


def _tools_of(toolkit: Toolkit) -> Sequence[Tool]:
    try:
        return tuple(toolkit.tools())
    except Exception as error:  # whatever a foreign package raises
        raise DefinitionError(f"toolkit {toolkit.name!r} has no tools: {type(error).__name__}: {error}") from error


def _take_away(entries: Sequence[Registered], registries: Sequence[Registry]) -> None:
    """Remove these very tools, and not what has taken their names since."""
    for registry in registries:
        for entry in entries:
            if registry.find(entry.tool.name) is entry:
                registry.remove(entry.tool.name)
