"""An agent with a tool of its own, and a session that asks before it spends.

The model is `scripted`, so that this runs anywhere: it makes the calls that its prompt lists. Name a real one
(`model="gpt-5-mini"`, with OPENAI_API_KEY set) and give it a task instead.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from toolyard import Agent, AgentEvent, Session, tool


@tool
def price(product: str) -> int:
    """Say what a product costs, in euros.

    Args:
        product: The product's name.
    """
    return {"mug": 7, "cup": 5}.get(product, 0)


@tool(approval="always")
def order(product: str, count: int) -> str:
    """Order a product.

    Args:
        product: The product's name.
        count: How many.
    """
    return f"ordered {count} of {product}"


TASK = {
    "script": [
        {"tool": "price", "arguments": {"product": "mug"}},
        {"tool": "order", "arguments": {"product": "mug", "count": 3}},
        {"tool": "order", "arguments": {"product": "cup", "count": 300}},
        {"text": "Three mugs are on their way; the cups were too many."},
    ]
}


def few_enough(name: str, arguments: dict[str, Any]) -> bool:
    count: int = arguments["count"]
    return count < 10  # noqa: PLR2004 - what this buyer may spend without asking


def show(event: AgentEvent) -> None:
    if event.type in ("tool_end", "tool_blocked"):
        print(f"{event.type:13} {event.tool_name} {event.tool_result or event.content}")


async def main() -> None:
    agent = Agent(name="buyer", model="scripted", tools=[price, order])
    async with Session(agent) as session:
        session.approval_callback = few_enough
        result = await session.run(json.dumps(TASK), on_event=show)
    print(f"{result.status}: {result.text}")


if __name__ == "__main__":
    asyncio.run(main())
