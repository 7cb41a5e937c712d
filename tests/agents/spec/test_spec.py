"""A spec is checked when it is made, and is the same after a journey as JSON or YAML."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from toolyard import (
    Budgets,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_reference,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
    define_toolkit,
    tool,
)
from toolyard_agents.errors import SpecError
from toolyard_agents.spec.runtime_spec import RuntimeSpec

TENANT = define_tenant("acme", "v1")


class Skus(BaseModel):
    skus: list[str]


@define_tool(name="price", description="Set a price.", input_schema={"sku": str, "price": float}, secret=["sku"])
async def price(args: dict[str, Any], ctx: object) -> dict[str, bool]:
    return {"ok": True}


@tool
def look(word: str) -> str:
    """Look a word up."""
    return word


Prices = define_plan("prices", tools=[price], description="New prices.")
Products = define_reference("products", schema=Skus, glimpse=lambda payload: {"count": len(payload.skus)}, ttl=60)
Notes = define_reference("notes", schema={"type": "object", "required": ["text"]})
Words = define_toolkit("words", tools=[look])
Files = define_toolkit("files", settings={"root": "data"})


OTHER_LOOK = define_tool(name="look", description="", input_schema={}, handler=lambda arguments, ctx: "")


def team() -> list[Any]:
    return [
        define_coordinator("boss", model="m", prompt="Route.", routes=["planner", "executor", "helper"]),
        define_planner("planner", plan=Prices, tools=[look], budgets=Budgets(max_turns=5), prompt="Plan."),
        define_executor("executor", plan=Prices, description="Carries out.", profile="developer"),
        define_specialist("helper", toolkits=[Words, Files], auto_approve=True, vars={"a": "b"}, prompt="{{ a }}"),
    ]


def spec(**parts: Any) -> RuntimeSpec:
    given: dict[str, Any] = {
        "tenant": TENANT,
        "agents": team(),
        "references": [Products, Notes],
        "providers": {"openai": {"apiKeyEnv": "KEY"}},
        "storage": "sqlite:/tmp/x.db",
    }
    return define_runtime(**{**given, **parts})


def test_what_agents_declare_is_the_runtimes_too() -> None:
    made = spec()
    assert made.tenant.resource_id == "acme:v1"
    assert ([plan.name for plan in made.plans], [kit.name for kit in made.toolkits]) == (["prices"], ["words", "files"])
    assert [one.name for one in made.tools] == ["look", "price"]
    assert [(agent.name, agent.role, agent.config.auto_approve) for agent in made.agents] == [
        ("boss", "coordinator", False),
        ("planner", "planner", False),
        ("executor", "executor", False),
        ("helper", "specialist", True),
    ]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_spec_goes_to_a_document_and_back(form: str) -> None:
    made = spec()
    text = made.to_json() if form == "json" else made.to_yaml()
    read = RuntimeSpec.from_json if form == "json" else RuntimeSpec.from_yaml
    again = read(text, code=[price, look, Products])
    assert again == made
    assert again.to_dict() == made.to_dict()
    assert "apiKeyEnv" in text


def test_a_document_needs_its_code_and_the_code_must_be_what_it_says() -> None:
    text = spec().to_json()
    with pytest.raises(SpecError, match="tool 'look' needs its code"):
        RuntimeSpec.from_json(text, code=[price, Products])
    with pytest.raises(SpecError, match="reference 'products' needs its code"):
        RuntimeSpec.from_json(text, code=[price, look])
    other = define_tool(name="price", description="Set a price.", input_schema={"sku": str}, handler=lambda a, c: a)
    with pytest.raises(SpecError, match="tool 'price': the document and the code differ in input_schema, secret"):
        RuntimeSpec.from_json(text, code=[other, look, Products])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "neither JSON nor YAML"),
        ("tenant: {name: a, version: v1}\nagents: []\nstorag: x", "storag"),
        ("tenant: {name: a, version: v1}\nagents: [{name: x, tools: [y]}]", "agent 'x' names 'y'"),
        ("tenant: {name: a, version: v1}\nagents: [{name: x, plan: y}]", "agent 'x' names 'y'"),
        ("x: &x [1]\ny: *x", "alias"),
        ("a: " + "[" * 3000, "neither JSON nor YAML"),
        ("tenant: {name: a/b, version: v1}\nagents: [{name: x}]", "tenant 'a/b'"),
        ("tenant: {name: a, version: v1}\nagents: [{role: specialist}]", "an agent has no name"),
        ("tenant: {name: a, version: v1}\nagents: [{name: x, role: planner}]", "'x' is a planner without a plan"),
        ("tenant: {name: a, version: v1}\nagents: [{name: x, routes: [x]}]", "agent 'x' routes to itself"),
        ("tenant: {name: a, version: v1}\nagents: [{name: x, profile: y}]", "agent 'x': profile: no profile is named"),
    ],
)
def test_a_document_that_is_none_is_named(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        RuntimeSpec.from_yaml(text)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: spec(agents=[]), "at least one agent"),
        (lambda: spec(agents=[define_specialist("mcp", prompt="x")]), "cannot be named 'mcp'"),
        (lambda: spec(agents=[look]), "expected what define_specialist"),
        (lambda: spec(tenant="acme"), "tenant='acme'; expected what define_tenant returns"),
        (lambda: spec(agents=[define_specialist("a"), define_specialist("a")]), "two agents are named 'a'"),
        (lambda: spec(agents=[define_coordinator("a"), define_coordinator("b")]), "'a' and 'b' are coordinators"),
        (lambda: spec(agents=[define_coordinator("a", routes=["b"])]), "agent 'a' routes to 'b', which is no agent"),
        (lambda: define_coordinator("a", routes=["a"]), "agent 'a' routes to itself"),
        (lambda: define_coordinator("a", routes=["b", "b"]), "agent 'a' routes to 'b' twice"),
        (lambda: define_coordinator("a", routes="b"), "agent 'a': routes='b'"),
        (lambda: define_specialist("a b"), "agent 'a b'"),
        (lambda: define_specialist("a", profile="no-such"), "no-such"),
        (lambda: define_specialist("a", promt="x"), "agent 'a': unknown promt"),  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        (lambda: define_specialist("a", tools=["look"]), "agent 'a'"),
        (lambda: define_specialist("a", tools=look), "agent 'a': tools=.*expected a list of tools"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        (lambda: define_specialist("a", toolkits=["files"]), "define_toolkit"),  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
        (lambda: define_planner("a", plan="prices"), "define_plan"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        (lambda: define_plan("p", tools=[]), "plan 'p' has no tools"),
        (lambda: define_toolkit("t", tools=[look], settings={"a": 1}), "toolkit 't'"),
        (lambda: define_reference("r", schema={"type": 7}), "reference 'r'"),
        (lambda: define_reference("r", schema={}, ttl=0), "ttl=0"),
        (lambda: spec(plans=[define_plan("prices", tools=[look])]), "two different plans are named 'prices'"),
        (lambda: spec(toolkits=[define_toolkit("files")]), "two different toolkits are named 'files'"),
        (lambda: spec(references=[Notes, define_reference("notes", schema={})]), "two different references"),
        (lambda: spec(tools=[OTHER_LOOK]), "two different tools are named 'look'"),
        (lambda: spec(providers={"mistral": {}}), "provider 'mistral' is not known"),
        (lambda: spec(providers={"openai": {}}), "provider 'openai': apiKeyEnv"),
        (lambda: spec(storage="mysql://x"), "storage"),
        (lambda: define_tenant("", "v1"), "tenant ''"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
