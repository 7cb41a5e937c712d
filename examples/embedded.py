"""A runtime inside a Python program: your objects reach the tools as services, and you answer what asks."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp import Client

from toolyard import Ask, ToolContext, define_tool, mcp, tool

Stock = dict[str, int]


@tool
def in_stock(product: str, ctx: ToolContext) -> int:
    """Say how many of a product are in stock.

    Args:
        product: The product's name.
    """
    stock: Stock = ctx.stock
    return stock.get(product, 0)


@define_tool(
    name="order",
    description="Order more of a product.",
    input_schema={"product": str, "count": int},
    approval="always",
)
async def order(arguments: dict[str, Any], ctx: ToolContext) -> dict[str, int]:
    stock: Stock = ctx["stock"]
    stock[arguments["product"]] = stock.get(arguments["product"], 0) + arguments["count"]
    return stock


SMALL = 10


def approve_small_orders(ask: Ask) -> bool:
    count: int = ask.arguments["count"]
    return count <= SMALL


async def main() -> None:
    runtime = mcp.create_mcp_runtime(
        tools=[in_stock, order], services={"stock": {"mug": 3}}, approver=approve_small_orders
    )
    print("tools:", [described["name"] for described in mcp.list_tools(runtime)])
    async with Client(mcp.create_server(runtime)) as client:
        for name, arguments in (
            ("in_stock", {"product": "mug"}),
            ("order", {"product": "mug", "count": 5}),
            ("order", {"product": "mug", "count": 500}),
        ):
            result = await client.call_tool(name, arguments)
            print(name, arguments, "→", "refused:" if result.is_error else "", result.content[0].model_dump()["text"])


if __name__ == "__main__":
    asyncio.run(main())
