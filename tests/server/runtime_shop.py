"""A runtime of four kinds of agents, its tools, and the clients that reach it in memory and over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.server.hosting import hosted
from tests.server.yards import DEADLINE
from toolyard import (
    PermissionProfile,
    Runtime,
    RuntimeSpec,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
    mcp,
)
from toolyard.testing import FakeModel, MemoryLedger
from toolyard_kernel.content import JsonObject
from toolyard_kernel.profiles.builtin import BUILT_IN

MODEL = "gpt-5-mini"
SKU: JsonObject = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
NOTHING: JsonObject = {"type": "object", "additionalProperties": False}
LONG = "".join(f"{number:05d} products are too many to be named in one answer\n" for number in range(500))


@define_tool(name="search", description="Search products.", input_schema=SKU)
async def search(args: JsonObject, ctx: ToolContext) -> JsonObject:
    return {"found": [sku for sku in ctx.services["catalog"] if args["sku"] in sku]}


@define_tool(name="delete", description="Delete a product.", input_schema=SKU, approval="always")
async def delete(args: JsonObject, ctx: ToolContext) -> str:
    ctx.services["done"].append(("delete", args["sku"]))
    return f"deleted {args['sku']}"


@define_tool(name="order", description="Order a product.", input_schema=SKU, approval="always")
async def order(args: JsonObject, ctx: ToolContext) -> str:
    ctx.services["done"].append(("order", args["sku"]))
    return f"ordered {args['sku']}"


@define_tool(name="save", description="Save a file.", input_schema=NOTHING, effects=["files.write"])
async def save(args: JsonObject, ctx: ToolContext) -> str:
    ctx.services["done"].append(("save", ctx.caller.id))
    return "saved"


@define_tool(name="report", description="Name all products.", input_schema=NOTHING)
async def report(args: JsonObject, ctx: ToolContext) -> str:
    return LONG


ORDERS = define_plan("orders", tools=[order, save])

REFERENCES = {"glimpse_ref", "resolve_ref"}
OWN: dict[str, set[str]] = {
    "coordinator": REFERENCES,
    "planner": {"search", "propose_plan", "get_plan", *REFERENCES},
    "executor": {"execute_plan", "get_plan", *REFERENCES},
    "insights": {"search", "delete", "report", *REFERENCES},
    "writer": {"search", "save", *REFERENCES},
    "mcp": {"run_prompt", "ask_insights", "ask_writer"},
}
"""What a caller under `unrestricted` finds: no client can delegate, and `insights` has the tool `save`, but a profile
that does not grant it."""


def spec_of(storage: str = "memory", tenant: str = "acme") -> RuntimeSpec:
    routes = ["planner", "executor", "insights"]
    return define_runtime(
        tenant=define_tenant(tenant, "v1"),
        agents=[
            define_coordinator("coordinator", model=MODEL, prompt="Route.", routes=routes),
            define_planner("planner", model=MODEL, prompt="Plan.", plan=ORDERS, tools=[search]),
            define_executor("executor", model=MODEL, prompt="Execute.", plan=ORDERS),
            define_specialist("insights", model=MODEL, prompt="Answer.", tools=[search, delete, save, report]),
            define_specialist("writer", model=MODEL, prompt="Write.", tools=[search, save], profile="unrestricted"),
        ],
        storage=storage,
    )


@dataclass(kw_only=True)
class Shop:
    """A runtime, what its tools did, and its ledger."""

    spec: RuntimeSpec = field(default_factory=spec_of)
    model: str | FakeModel = "scripted"
    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def open(self) -> Runtime:
        services = {"catalog": ["red mug", "blue cup"], "done": self.done}
        return create_runtime(self.spec, interpreter=self.model, services=services, ledger=self.ledger)


@dataclass(kw_only=True)
class User:
    """Somebody at a client, who answers every ask the same way."""

    yes: bool = True
    asked: list[str] = field(default_factory=list[str])

    async def answer(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.asked.append(params.message)
        return types.ElicitResult(action="accept", content={"approve": self.yes})


WIDE, NARROW = BUILT_IN["unrestricted"], BUILT_IN["readonly"]


@asynccontextmanager
async def in_memory(
    runtime: Runtime, agent: str, era: str, *, who: str = "ann", user: User | None = None
) -> AsyncGenerator[Client]:
    """A client of `create_server`, as a caller under `readonly`."""
    server = mcp.create_server(runtime, agent=agent, caller=f"token:{who}")
    with anyio.fail_after(DEADLINE):
        callback = user.answer if user else None
        async with Client(server, mode=cast("Any", era), elicitation_callback=callback) as client:
            yield client


@asynccontextmanager
async def over_http(
    runtime: Runtime,
    agent: str,
    era: str,
    *,
    who: str = "ann",
    profile: PermissionProfile = NARROW,
    user: User | None = None,
) -> AsyncGenerator[Client]:
    """A client of `asgi_app`, which shows a token of its own."""
    app = mcp.asgi_app(runtime, agent=agent, tokens={f"token-of-{who}": runtime.caller(f"token:{who}", profile)})
    with anyio.fail_after(DEADLINE):
        async with (
            hosted(app) as url,
            httpx2.AsyncClient(headers={"Authorization": f"Bearer token-of-{who}"}, trust_env=False) as web,
            Client(
                streamable_http_client(url, http_client=web),
                mode=cast("Any", era),
                elicitation_callback=user.answer if user else None,
            ) as client,
        ):
            yield client


def script(*calls: tuple[str, JsonObject]) -> str:
    return json.dumps({"script": [{"tool": name, "arguments": arguments} for name, arguments in calls]})
