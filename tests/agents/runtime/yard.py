"""A team with real tools, on any storage, whose models say what they are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from pydantic import BaseModel

from toolyard import (
    AgentSpec,
    Runtime,
    RuntimeSpec,
    StorageSpec,
    ToolContext,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_reference,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
)
from toolyard.testing import NoLedger

SAFE = 30
"""Seconds until a test that would wait for ever fails instead."""
Event = dict[str, Any]


class Skus(BaseModel):
    skus: list[str]


@define_tool(name="price", description="Set a price.", input_schema={"sku": str, "price": float})
async def price(args: dict[str, Any], ctx: ToolContext) -> dict[str, bool]:
    ctx.services["done"].append(("price", args["sku"]))
    return {"ok": True}


@define_tool(name="note", description="Note a word.", input_schema={"word": str})
async def note(args: dict[str, Any], ctx: ToolContext) -> str:
    ctx.services["done"].append(("note", args["word"]))
    return f"noted {args['word']}"


@define_tool(name="delete", description="Delete a thing.", input_schema={"sku": str}, approval="always")
async def delete(args: dict[str, Any], ctx: ToolContext) -> str:
    ctx.services["done"].append(("delete", args["sku"]))
    return f"deleted {args['sku']}"


@define_tool(name="large", description="Answer with much.", input_schema={"size": int})
async def large(args: dict[str, Any], ctx: ToolContext) -> str:
    return "".join(f"{number:07d}\n" for number in range(args["size"]))


Prices = define_plan("prices", tools=[price])
Products = define_reference("products", schema=Skus, glimpse=lambda payload: {"count": len(payload.skus)})


def team() -> list[AgentSpec]:
    return [
        define_coordinator("boss", prompt="Route.", routes=["planner", "executor", "helper"]),
        define_planner("planner", prompt="Plan.", plan=Prices, tools=[note]),
        define_executor("executor", prompt="Execute.", plan=Prices),
        define_specialist("helper", prompt="Help.", tools=[note, delete, large]),
    ]


def spec_of(storage: StorageSpec | str = "memory", tenant: str = "acme", **parts: Any) -> RuntimeSpec:
    given: dict[str, Any] = {"agents": team(), "references": [Products], **parts}
    return define_runtime(tenant=define_tenant(tenant, "v1"), storage=storage, **given)


def runtime_of(spec: RuntimeSpec | None = None, done: list[Any] | None = None, **more: Any) -> Runtime:
    """A runtime whose tools note in `done` what they did; scripted, and without a ledger, unless told otherwise."""
    given: dict[str, Any] = {"ledger": NoLedger(), **more}
    if "testing" not in given:
        given.setdefault("interpreter", "scripted")
    given.setdefault("services", {"done": [] if done is None else done})
    return create_runtime(spec or spec_of(), **given)


def script(*steps: tuple[str, dict[str, Any]] | str) -> str:
    return json.dumps(
        {
            "script": [
                {"text": step} if isinstance(step, str) else {"tool": step[0], "arguments": step[1]} for step in steps
            ]
        }
    )


async def drain(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


async def drive(runtime: Runtime, stream: AsyncIterator[Event], outcome: Any = "approve") -> list[Event]:
    """All events, with every ask answered the same way."""
    events: list[Event] = []
    async for event in stream:
        events.append(event)
        if "approval_id" in event:
            await runtime.respond_to_approval(event["approval_id"], outcome)
    return events


def types_of(events: Sequence[Event]) -> list[str]:
    return [event["type"] for event in events]


def results_of(events: Sequence[Event]) -> list[str]:
    """What the calls answered, refused ones too."""
    return [
        str(event.get("tool_result") or event.get("content", ""))
        for event in events
        if event["type"] in ("tool_end", "tool_blocked")
    ]
