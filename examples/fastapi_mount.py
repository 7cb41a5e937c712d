"""Toolyard inside a FastAPI application, beside its own routes.

Run your own with `uvicorn fastapi_mount:app`; run this file to see it serve itself on a free port and call itself.
"""

from __future__ import annotations

import asyncio
import socket

import httpx2
import uvicorn
from fastapi import FastAPI
from mcp import Client
from starlette.routing import Route

from toolyard import mcp, tool


@tool
def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


tools = mcp.asgi_app(mcp.create_mcp_runtime(tools=[add]))
app = FastAPI(lifespan=tools.lifespan)
app.router.routes.append(Route("/mcp", endpoint=tools))  # or app.mount("/tools", tools), whose path is /tools/


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        async with httpx2.AsyncClient() as web:
            print("GET /health →", (await web.get(f"{address}/health")).json())
        async with Client(f"{address}/mcp") as client:
            result = await client.call_tool("add", {"a": 19, "b": 23})
            print("add 19 + 23 →", result.content[0].model_dump()["text"])
        server.should_exit = True
        await serving


if __name__ == "__main__":
    asyncio.run(main())
