"""The low-level server of the official SDK, as its options make it fastest: JSON answers, schemas known beforehand."""

from __future__ import annotations

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from benchmarks.wire.servers import asgi
from benchmarks.wire.servers.catalogue import DESCRIPTION, SCHEMA, choice, names


def server(tools: int) -> Server:
    offered = [types.Tool(name=name, description=DESCRIPTION, input_schema=SCHEMA) for name in names(tools)]

    async def list_tools(ctx: object, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=offered)

    async def call_tool(ctx: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        text = (params.arguments or {})["text"]
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)])

    return Server(
        "low",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=dict.fromkeys(names(tools), SCHEMA).get,
    )


async def stdio(offered: Server) -> None:
    async with stdio_server() as (incoming, outgoing):
        await offered.run(incoming, outgoing, offered.create_initialization_options())


if __name__ == "__main__":
    given = choice()
    if given.http:
        asgi.serve(server(given.tools).streamable_http_app(json_response=True))
    else:
        anyio.run(stdio, server(given.tools))
