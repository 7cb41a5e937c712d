"""The whole of a runtime, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import ValidationError

from toolyard_agents.errors import SpecError
from toolyard_agents.spec.agent_spec import AgentSpec
from toolyard_agents.spec.document import Code, document_of, parts_of
from toolyard_agents.spec.naming import tools_of, united
from toolyard_agents.spec.plan_spec import PlanSpec
from toolyard_agents.spec.providers import ProviderSpec, providers_of
from toolyard_agents.spec.reference_spec import ReferenceSpec
from toolyard_agents.spec.tenant import TenantSpec
from toolyard_agents.spec.toolkit_spec import ToolkitSpec
from toolyard_agents.spec.yaml_text import write_document
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_kernel.tools.model_schemas import sentence_of
from toolyard_kernel.tools.tool import Tool

TEAM = "mcp"
"""The name under which the tools that run the agents are served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSpec:
    """Checked, and complete: plans, toolkits and tools that its agents declare are among its own.

    As a document it names the code of its tools and references, and `from_json` and `from_yaml` are given it again.
    """

    tenant: TenantSpec
    agents: tuple[AgentSpec, ...]
    references: tuple[ReferenceSpec, ...] = ()
    plans: tuple[PlanSpec, ...] = ()
    toolkits: tuple[ToolkitSpec, ...] = ()
    tools: tuple[Tool, ...] = ()
    providers: Mapping[str, ProviderSpec] = field(default_factory=dict[str, ProviderSpec], hash=False)
    storage: StorageSpec = field(default_factory=StorageSpec)

    def to_dict(self) -> dict[str, Any]:
        """The document, as JSON values."""
        return document_of(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    def to_yaml(self) -> str:
        return write_document(self.to_dict())

    @staticmethod
    def from_json(text: str, *, code: Code = ()) -> RuntimeSpec:
        """The spec that a document says, with the tools and references whose `code` it names.

        Raises:
            SpecError: it says what it may not, or needs code that is not given, or that says something else.
        """
        return define_runtime(**parts_of(text, code))

    @staticmethod
    def from_yaml(text: str, *, code: Code = ()) -> RuntimeSpec:
        """As `from_json`: JSON is YAML."""
        return define_runtime(**parts_of(text, code))


def define_runtime(
    *,
    tenant: TenantSpec,
    agents: Iterable[AgentSpec],
    references: Iterable[ReferenceSpec] = (),
    plans: Iterable[PlanSpec] = (),
    toolkits: Iterable[ToolkitSpec] = (),
    tools: Iterable[Any] = (),
    providers: Mapping[str, Any] | None = None,
    storage: StorageSpec | Mapping[str, Any] | str = "memory",
) -> RuntimeSpec:
    """A checked spec.

    `providers` maps `openai` or `anthropic` to `{"apiKeyEnv": NAME}`. `storage` is `memory`, `sqlite:/path/to/file`,
    `postgresql://user@host/database`, or `{"kind": "postgresql", "url_env": NAME}`.

    Raises:
        SpecError: two agents have one name or coordinate, a route leads nowhere, or two different parts have one name.
    """
    team = tuple(agents)
    if not isinstance(tenant, TenantSpec):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"tenant={tenant!r}; expected what define_tenant returns")
    _check_team(team)
    all_plans = united((*plans, *(agent.plan for agent in team if agent.plan)), "plan", "runtime")
    all_toolkits = united((*toolkits, *(one for agent in team for one in agent.toolkits)), "toolkit", "runtime")
    parts: tuple[AgentSpec | PlanSpec | ToolkitSpec, ...] = (*team, *all_plans, *all_toolkits)
    declared = [tool for part in parts for tool in part.tools]
    return RuntimeSpec(
        tenant=tenant,
        agents=team,
        references=united(references, "reference", "runtime"),
        plans=all_plans,
        toolkits=all_toolkits,
        tools=united((*tools_of(tools, of="runtime"), *declared), "tool", "runtime"),
        providers=providers_of(providers),
        storage=_storage(storage),
    )


def _check_team(agents: Sequence[AgentSpec]) -> None:
    if not agents:
        raise SpecError("a runtime needs at least one agent; give agents=[…]")
    if wrong := [one for one in cast("Sequence[object]", agents) if not isinstance(one, AgentSpec)]:
        raise SpecError(f"agents={wrong!r}; expected what define_specialist and the like return")
    names = [agent.name for agent in agents]
    for agent in agents:
        if agent.name == TEAM:
            raise SpecError(f"an agent cannot be named {TEAM!r}: the tools that run the agents are served under it")
        if names.count(agent.name) > 1:
            raise SpecError(f"two agents are named {agent.name!r}; rename one")
        for route in agent.config.routes:
            if route not in names:
                raise SpecError(
                    f"agent {agent.name!r} routes to {route!r}, which is no agent; there are: {', '.join(names)}"
                )
    coordinators = [agent.name for agent in agents if agent.role == "coordinator"]
    if len(coordinators) > 1:
        raise SpecError(f"{' and '.join(map(repr, coordinators))} are coordinators; a runtime has at most one")


def _storage(given: StorageSpec | Mapping[str, Any] | str) -> StorageSpec:
    try:
        return StorageSpec.model_validate(given)
    except ValidationError as error:
        raise SpecError(f"storage: {sentence_of(error)}") from error
