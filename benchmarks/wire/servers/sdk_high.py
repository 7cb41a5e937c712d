"""The high-level server of the official SDK, with JSON answers."""

from __future__ import annotations

from mcp.server.mcpserver import MCPServer

from benchmarks.wire.servers import asgi
from benchmarks.wire.servers.catalogue import DESCRIPTION, choice, echo, names

if __name__ == "__main__":
    given = choice()
    server = MCPServer("high", log_level="ERROR")
    for name in names(given.tools):
        server.add_tool(echo(), name=name, description=DESCRIPTION)
    if given.http:
        asgi.serve(server.streamable_http_app(json_response=True))
    else:
        server.run("stdio")
