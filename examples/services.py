"""Your own objects as services: a client, a clock, whatever a spec cannot hold, given to the handlers of its tools.

A handler reaches each one as an attribute, by its name in brackets, or in `services`: whichever reads best.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from toolyard import ToolContext, create_runtime, define_runtime, define_specialist, define_tenant, tool

Catalogue = dict[str, int]


@dataclass
class Mailer:
    """Stands for the client of a mail service: it has an open connection, so no spec can hold it."""

    sent: list[str] = field(default_factory=list[str])

    async def send(self, to: str, text: str) -> None:
        self.sent.append(f"to {to}: {text}")


@tool
def price(ctx: ToolContext, *, product: str) -> int:
    """Say what a product costs, in euros."""
    catalogue: Catalogue = ctx.catalogue  # as an attribute
    return catalogue[product]


@tool
def cheapest(ctx: ToolContext) -> str:
    """Name the product that costs the least."""
    catalogue: Catalogue = ctx["catalogue"]  # by its name in brackets
    return min(catalogue, key=catalogue.__getitem__)


@tool(timeout=10)
async def tell_customer(ctx: ToolContext, *, customer: str, text: str) -> str:
    """Send a customer a mail."""
    mailer: Mailer = ctx.services["mailer"]  # in `services`, which can also be asked what there is
    await mailer.send(customer, text)
    return f"sent; services here: {', '.join(sorted(ctx.services))}"


TASK: dict[str, Any] = {
    "script": [
        {"tool": "price", "arguments": {"product": "mug"}},
        {"tool": "cheapest", "arguments": {}},
        {"tool": "tell_customer", "arguments": {"customer": "ada@example.com", "text": "The cup is cheapest."}},
        {"text": "Ada knows."},
    ]
}


async def main() -> None:
    spec = define_runtime(
        tenant=define_tenant("shop", "v1"),
        agents=[
            define_specialist(
                "clerk", model="gpt-5-mini", prompt="Help customers.", tools=[price, cheapest, tell_customer]
            )
        ],
    )
    mailer = Mailer()
    services = {"catalogue": {"mug": 7, "cup": 5}, "mailer": mailer}
    # `scripted` makes the calls that the prompt lists; with interpreter="openai" the prompt is a task in words.
    async with create_runtime(spec, interpreter="scripted", services=services) as runtime:
        async for event in runtime.query(json.dumps(TASK), thread_id="ada"):
            if event["type"] in ("tool_end", "tool_blocked"):
                print(f"{event['tool_name']:14} {event.get('tool_result') or event.get('content')}")
            if event["type"] == "turn_complete":
                print(f"\n{event['content']} Mails: {mailer.sent}")


if __name__ == "__main__":
    asyncio.run(main())
