"""A spec as a document, and back: what it says of code is checked against the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from toolyard_agents.config.agent_config import AgentConfig
from toolyard_agents.config.definition import AgentDefinition
from toolyard_agents.errors import SpecError
from toolyard_agents.spec.agent_spec import AgentSpec, checked_agent
from toolyard_agents.spec.plan_spec import PlanSpec, define_plan
from toolyard_agents.spec.providers import ProviderSpec
from toolyard_agents.spec.reference_spec import ReferenceSpec, define_reference
from toolyard_agents.spec.tenant import define_tenant
from toolyard_agents.spec.toolkit_spec import ToolkitSpec, define_toolkit
from toolyard_agents.spec.yaml_text import read_document
from toolyard_agents.storage.descriptor import StorageSpec
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.model_schemas import sentence_of
from toolyard_kernel.tools.tool import Tool

if TYPE_CHECKING:
    from toolyard_agents.spec.runtime_spec import RuntimeSpec

Code = Iterable[Tool | ReferenceSpec]
"""The tools and references of a program, which a document names."""

DATA = ("name", "title", "description", "input_schema", "output_schema", "approval", "timeout", "inline")
SETS = ("effects", "may", "secret")
Known = TypeVar("Known", Tool, PlanSpec, ToolkitSpec)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Tenant(_Strict):
    name: str
    version: str


class _Agent(AgentDefinition):
    """An agent, with the names of its parts."""

    toolkits: list[str] = Field(default=[])  # type: ignore[assignment] # pyright: ignore[reportIncompatibleVariableOverride] - names
    tools: list[str] = Field(default=[])  # pyright: ignore[reportIncompatibleVariableOverride] - never absent
    plan: str | None = None
    auto_approve: StrictBool = False


class _Plan(_Strict):
    name: str
    tools: list[str]
    description: str = ""


class _Toolkit(_Strict):
    name: str
    tools: list[str] = []
    settings: dict[str, Any] = {}


class _Reference(_Strict):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    ttl: float | None = None
    description: str = ""
    code: bool = False


class _Document(_Strict):
    tenant: _Tenant
    agents: list[_Agent]
    tools: list[dict[str, Any]] = []
    plans: list[_Plan] = []
    toolkits: list[_Toolkit] = []
    references: list[_Reference] = []
    providers: dict[str, ProviderSpec] = {}
    storage: StorageSpec = StorageSpec()


def document_of(spec: RuntimeSpec) -> dict[str, Any]:
    """The document of a spec, without what is as it would be anyway."""
    document = {
        "tenant": {"name": spec.tenant.name, "version": spec.tenant.version},
        "agents": [_agent_document(agent) for agent in spec.agents],
        "tools": [tool_document(tool) for tool in spec.tools],
        "plans": [_without_empty(_plan_document(plan)) for plan in spec.plans],
        "toolkits": [_without_empty(_toolkit_document(toolkit)) for toolkit in spec.toolkits],
        "references": [_without_empty(reference_document(reference)) for reference in spec.references],
        "providers": {
            name: provider.model_dump(by_alias=True, exclude_defaults=True) for name, provider in spec.providers.items()
        },
        "storage": spec.storage.model_dump(exclude_defaults=True),
    }
    return _without_empty(document)


def parts_of(text: str, code: Code) -> dict[str, Any]:
    """What a document says, as `define_runtime` is given it.

    Raises:
        SpecError: it is none, or needs code that is not given, or that is declared in another way.
    """
    try:
        document = _Document.model_validate(read_document(text))
    except ValidationError as error:
        raise SpecError(f"the document is no spec of a runtime: {sentence_of(error)}") from error
    given = tuple(code)
    tools = {str(said.get("name")): _tool(said, given) for said in document.tools}
    plans = {one.name: _plan(one, tools) for one in document.plans}
    toolkits = {one.name: _toolkit(one, tools) for one in document.toolkits}
    return {
        "tenant": define_tenant(document.tenant.name, document.tenant.version),
        "agents": [_agent(agent, tools, toolkits, plans) for agent in document.agents],
        "tools": tools.values(),
        "plans": plans.values(),
        "toolkits": toolkits.values(),
        "references": [_reference(one, given) for one in document.references],
        "providers": document.providers,
        "storage": document.storage,
    }


def tool_document(tool: Tool) -> dict[str, Any]:
    """What a document says of a tool."""
    plain = {name: getattr(tool, name) for name in DATA}
    return _without_empty({**plain, **{name: sorted(getattr(tool, name)) for name in SETS}})


def reference_document(reference: ReferenceSpec) -> dict[str, Any]:
    """What a document says of a reference; `code` says that the program has to bring it."""
    return {
        "name": reference.name,
        "schema": reference.schema,
        "ttl": reference.ttl,
        "description": reference.description,
        "code": reference.glimpse is not None or reference.model is not None,
    }


def _agent_document(agent: AgentSpec) -> dict[str, Any]:
    values = {one.name: getattr(agent.config, one.name) for one in fields(AgentConfig)}
    names = {"tools": [tool.name for tool in agent.tools], "toolkits": [one.name for one in agent.toolkits]}
    said = _Agent.model_validate({**values, **names, "plan": agent.plan and agent.plan.name})
    return said.model_dump(mode="json", exclude_defaults=True)


def _plan_document(plan: PlanSpec) -> dict[str, Any]:
    return {"name": plan.name, "tools": [tool.name for tool in plan.tools], "description": plan.description}


def _toolkit_document(toolkit: ToolkitSpec) -> dict[str, Any]:
    names = [tool.name for tool in toolkit.tools]
    return {"name": toolkit.name, "tools": names, "settings": dict(toolkit.settings)}


def _agent(
    said: _Agent, tools: Mapping[str, Tool], toolkits: Mapping[str, ToolkitSpec], plans: Mapping[str, PlanSpec]
) -> AgentSpec:
    of = f"agent {said.name!r}"
    values = {name: value for name, value in said if name not in {"tools", "toolkits", "plan"}}
    try:
        config = AgentConfig(**values)
    except ConfigError as error:
        raise SpecError(f"{of}: {error}") from error
    return checked_agent(
        AgentSpec(
            config=config,
            tools=_named(said.tools, tools, of),
            toolkits=_named(said.toolkits, toolkits, of),
            plan=_named([said.plan], plans, of)[0] if said.plan else None,
        )
    )


def _plan(said: _Plan, tools: Mapping[str, Tool]) -> PlanSpec:
    return define_plan(said.name, tools=_named(said.tools, tools, f"plan {said.name!r}"), description=said.description)


def _toolkit(said: _Toolkit, tools: Mapping[str, Tool]) -> ToolkitSpec:
    mine = _named(said.tools, tools, f"toolkit {said.name!r}")
    return define_toolkit(said.name, tools=mine, settings=said.settings)


def _named(names: Iterable[str], known: Mapping[str, Known], of: str) -> tuple[Known, ...]:
    if missing := [name for name in names if name not in known]:
        there = ", ".join(known) or "none"
        raise SpecError(f"{of} names {', '.join(map(repr, missing))}, and the document has: {there}")
    return tuple(known[name] for name in names)


def _tool(said: Mapping[str, Any], code: tuple[Tool | ReferenceSpec, ...]) -> Tool:
    name = said.get("name")
    found = _code(f"tool {name!r}", [one for one in code if isinstance(one, Tool) and one.name == name])
    _check_same(f"tool {name!r}", said, tool_document(found))
    return found


def _reference(said: _Reference, code: tuple[Tool | ReferenceSpec, ...]) -> ReferenceSpec:
    mine = [one for one in code if isinstance(one, ReferenceSpec) and one.name == said.name]
    if not said.code and not mine:
        return define_reference(said.name, schema=said.schema_, ttl=said.ttl, description=said.description)
    found = _code(f"reference {said.name!r}", mine)
    _check_same(f"reference {said.name!r}", said.model_dump(by_alias=True), reference_document(found))
    return found


Coded = TypeVar("Coded", Tool, ReferenceSpec)


def _code(what: str, found: list[Coded]) -> Coded:
    if not found:
        raise SpecError(f"{what} needs its code, which a document cannot hold; give it in code=[…]")
    return found[0]


def _check_same(what: str, said: Mapping[str, Any], is_: Mapping[str, Any]) -> None:
    if other := sorted(name for name in {*said, *is_} if said.get(name) != is_.get(name)):
        raise SpecError(f"{what}: the document and the code differ in {', '.join(other)}; write the document anew")


def _without_empty(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value not in (None, "", [], {}, False)}
