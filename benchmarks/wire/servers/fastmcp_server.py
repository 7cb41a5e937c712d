"""FastMCP, with JSON answers. It is installed where it is measured and nowhere else, so its names are `Any` here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.wire.servers import asgi
from benchmarks.wire.servers.catalogue import DESCRIPTION, choice, echo, names

fastmcp: Any = import_module("fastmcp")

if __name__ == "__main__":
    given = choice()
    server = fastmcp.FastMCP("fast")
    for name in names(given.tools):
        server.tool(echo(), name=name, description=DESCRIPTION)
    if given.http:
        asgi.serve(server.http_app(json_response=True))
    else:
        server.run("stdio", show_banner=False)
