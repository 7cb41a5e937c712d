"""A team over a small shop: a coordinator who delegates, a planner who looks and proposes, an executor who carries out.

The planner can read the database, and nothing else. What changes it are two tools of this program, which only a plan
can call, once the program has said yes to the plan as a whole. Here every agent's model is `scripted`: it makes the
calls that its prompt lists, so that this runs without a provider. With one, the prompt is the task itself:

    OPENAI_API_KEY=… python examples/team.py openai
    ANTHROPIC_API_KEY=… python examples/team.py anthropic     (pip install 'toolyard[anthropic]')
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from toolyard import (
    Runtime,
    RuntimeSpec,
    SpecError,
    ToolContext,
    ToolError,
    create_runtime,
    define_coordinator,
    define_executor,
    define_plan,
    define_planner,
    define_runtime,
    define_tenant,
    define_toolkit,
    tool,
)

MODELS = {"scripted": "gpt-5-mini", "openai": "gpt-5-mini", "anthropic": "claude-sonnet-5-5"}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
TASK = "Mugs sell badly. Make every mug 10 % cheaper, and withdraw the mugs that are out of stock."


@tool
def set_price(ctx: ToolContext, *, sku: str, price: float) -> str:
    """Set the price of a product, in euros."""
    change(ctx.shop, "update items set price = ? where sku = ?", (price, sku))
    return f"{sku} costs {price:.2f} now"


@tool
def withdraw(ctx: ToolContext, *, sku: str) -> str:
    """Take a product out of the shop."""
    change(ctx.shop, "delete from items where sku = ?", (sku,))
    return f"{sku} is gone"


def change(shop: Path, statement: str, values: tuple[object, ...]) -> None:
    with closing(sqlite3.connect(shop)) as database, database:
        if not database.execute(statement, values).rowcount:
            raise ToolError(f"there is no product {values[-1]!r}")


def spec_of(interpreter: str) -> RuntimeSpec:
    model = MODELS[interpreter]
    sale = define_plan("sale", tools=[set_price, withdraw], description="A plan that changes what the shop offers.")
    return define_runtime(
        tenant=define_tenant("mug-shop", "v1"),
        agents=[
            define_coordinator(
                "lead",
                model=model,
                prompt="Let the planner propose a plan, then let the executor carry it out by the plan's id.",
                routes=["planner", "executor"],
            ),
            define_planner(
                "planner",
                model=model,
                prompt="Look into the database first. Then propose one plan, and answer with its id.",
                description="Finds out what to change in the shop, and proposes a plan.",
                plan=sale,
                toolkits=[define_toolkit("database")],
            ),
            define_executor(
                "executor",
                model=model,
                prompt="Carry out the plan that you are given the id of, and say how it went.",
                description="Carries out a plan, given its id.",
                plan=sale,
            ),
        ],
        providers={name: {"apiKeyEnv": key} for name, key in KEYS.items() if name == interpreter},
    )


def script(*steps: dict[str, Any]) -> str:
    return json.dumps({"script": steps})


def call(name: str, **arguments: object) -> dict[str, Any]:
    return {"tool": name, "arguments": arguments}


STEPS = [
    call("set_price", sku="mug-red", price=6.30),
    call("set_price", sku="mug-blue", price=7.20),
    call("withdraw", sku="mug-old"),
]
SCRIPT = script(  # the prompts of those who are delegated to are scripts themselves
    call(
        "delegate",
        agent="planner",
        prompt=script(
            call("sql_query", connection="target", sql="select sku, price, stock from items where sku like 'mug-%'"),
            call("sql_query", connection="target", sql="delete from items"),
            call("propose_plan", plan_id="mugs", title="Mugs: 10 % off, none without stock", steps=STEPS),
            {"text": "The plan is mugs."},
        ),
    ),
    call("delegate", agent="executor", prompt=script(call("execute_plan", plan_id="mugs"), {"text": "Carried out."})),
    {"text": "Two mugs are cheaper, and one is gone."},
)


def show(event: dict[str, Any]) -> None:
    about: dict[str, Any] = event.get("tool_metadata") or {}
    match event["type"]:
        case "tool_start":
            print(f"{event['agent']:9} {event['tool_name']} {short(json.dumps(event['tool_args']))}")
        case "tool_end" | "tool_blocked":
            print(f"{'':9} → {short(event.get('tool_result') or event.get('content') or '')}")
        case "plan_status":
            print(f"{'':9} · plan {about['plan_id']} is {about['status']}:", *(one["status"] for one in about["steps"]))
        case "approval_required":
            print(f"{event['agent']:9} asks for {event['tool_name']}:\n{about.get('preview', '')}")
        case "approval_decision":
            print(f"{'':9} → {event['content']}")
        case "turn_complete" | "error" | "cancelled":
            print(f"\n{event['type']}: {event.get('content', '')}")
        case _:
            pass


def short(text: str) -> str:
    return " ".join(text.split())[:100]


async def answer(runtime: Runtime, event: dict[str, Any]) -> None:
    """This program says yes to plans, and to nothing else; yours would ask somebody, here or in another process."""
    outcome: Literal["approve", "reject"] = "approve" if event["tool_name"] == "execute_plan" else "reject"
    await runtime.respond_to_approval(event["approval_id"], outcome, feedback="Said by the shop's owner.")


def offer(shop: Path) -> str:
    with closing(sqlite3.connect(shop)) as database:
        rows = database.execute("select sku, price, stock from items order by sku").fetchall()
    return "\n".join(f"  {sku:9} {price:5.2f}  stock {stock}" for sku, price, stock in rows)


def open_shop(folder: Path) -> Path:
    shop = folder / "shop.db"
    with closing(sqlite3.connect(shop)) as database, database:
        database.execute("create table items (sku text primary key, price real, stock integer)")
        rows = [("cup-tall", 5, 40), ("mug-blue", 8, 12), ("mug-old", 4, 0), ("mug-red", 7, 3)]
        database.executemany("insert into items values (?, ?, ?)", rows)
    return shop


async def main(interpreter: str, folder: Path) -> None:
    shop = open_shop(folder)
    print(f"before:\n{offer(shop)}\n")
    runtime = create_runtime(
        spec_of(interpreter),
        interpreter=interpreter,
        services={"shop": shop},
        data_environment={"target_database_url": f"sqlite:{shop}"},
    )
    async with runtime:
        async for event in runtime.query(SCRIPT if interpreter == "scripted" else TASK, thread_id="sale"):
            show(event)
            if event["type"] == "approval_required":
                await answer(runtime, event)
    print(f"\nafter:\n{offer(shop)}")


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "scripted"
    if chosen not in MODELS:
        sys.exit(f"{chosen!r} is none of {', '.join(MODELS)}")
    with tempfile.TemporaryDirectory() as name:
        try:
            asyncio.run(main(chosen, Path(name)))
        except SpecError as error:  # for one, there is no key
            sys.exit(str(error))
