"""An agent that leads two others, under hooks: a tool that is taken away, and one that a gate must approve.

The boss asks the stock keeper and the buyer at once. The buyer orders twice: the gate of the runtime lets the small
order through and refuses the big one. The tool `close_shop` is nobody's here, whoever brings it. The models are fakes
that give the answers they were told, so that this runs anywhere: name real ones in their place (`model="gpt-5-mini"`,
with OPENAI_API_KEY set).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from toolyard import (
    Agent,
    AgentConfig,
    AgentEvent,
    ApprovalGate,
    PolicyHooks,
    Registry,
    Runtime,
    SupervisorPolicy,
    Tool,
    ToolFilter,
    tool,
)
from toolyard.testing import FakeModel

MOST = 10
"""How many of a product may be ordered."""


@tool
def stock(product: str) -> int:
    """Say how many of a product there are."""
    return {"mug": 2, "cup": 40}.get(product, 0)


@tool
def order(product: str, count: int) -> str:
    """Order a product."""
    return f"ordered {count} of {product}"


@tool
def close_shop() -> str:
    """Close the shop."""
    return "closed"


Calls = Sequence[tuple[str, Mapping[str, Any]]]


def fake(*answers: str | Calls) -> FakeModel:
    model = FakeModel()
    for answer in answers:
        if isinstance(answer, str):
            model.add_response(answer)
        else:
            model.add_tool_calls(answer)
    return model


def agent(name: str, description: str, model: FakeModel, *tools: Tool) -> Agent:
    registry = Registry()
    for one in tools:
        registry.register(one)
    return Agent(AgentConfig(name=name, description=description), model=model, registry=registry)


def few(name: str, arguments: dict[str, Any]) -> bool:
    """What may be ordered without asking anybody; a program of yours would ask somebody."""
    allowed: bool = arguments["count"] <= MOST
    print(f"  gate      {name} {arguments['count']}: {'yes' if allowed else 'no'}")
    return allowed


HOOKS = PolicyHooks(
    tool_filter=ToolFilter(denied={"close_shop"}),
    approval_gate=ApprovalGate(required={"order"}, callback=few),
)


def show(event: AgentEvent) -> None:
    if event.type == "tool_start":
        print(f"  {event.agent:9} {event.tool_name} {' '.join(map(str, (event.tool_args or {}).values()))}")
    elif event.type in ("tool_end", "tool_blocked"):
        print(f"  {event.agent:9} {event.tool_name} → {event.tool_result or event.content}")


async def main(traces: str) -> None:
    keeper = fake([("stock", {"product": "mug"})], "There are 2 mugs.")
    orders = [("order", {"product": "mug", "count": count}) for count in (8, 800)]
    buyer = fake([*orders, ("close_shop", {})], "8 mugs are ordered; 800 are too many.")
    tasks = {"keeper": "How many mugs are there?", "buyer": "Order mugs for a month, and for eight years."}
    boss = fake(
        [("delegate", {"agent": name, "prompt": task}) for name, task in tasks.items()],
        "We have 2 mugs, and 8 more are on their way.",
    )
    runtime = Runtime(trace_dir=traces, policy_hooks=HOOKS)
    runtime.register_agent(agent("keeper", "Knows what is in stock.", keeper, stock))
    runtime.register_agent(agent("buyer", "Orders what is missing.", buyer, order, close_shop))
    runtime.register_agent(agent("boss", "Leads the shop.", boss))
    policy = SupervisorPolicy(agents=["keeper", "buyer"], max_iterations=5)
    result = await runtime.run("boss", "Do we have enough mugs?", policy=policy, on_event=show)
    offered = [one.name for one in buyer.requests[0].tools]
    print(f"\nthe buyer was offered: {', '.join(offered)}\n{result.status}: {result.text}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(name))
