"""Serve a runtime's tools over MCP: embedded, over stdio, or over streamable HTTP.

Each name is loaded when it is first used, so that importing this module does not load the MCP SDK.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolyard.mcp.catalogue import list_tools
    from toolyard.mcp.http import asgi_app, serve_http
    from toolyard.mcp.server import Extend, create_server
    from toolyard.mcp.stdio import serve_stdio
    from toolyard.runtime import ServedRuntime, ToolRuntime, create_mcp_runtime

_HOMES = {
    "Extend": "toolyard.mcp.server",
    "ServedRuntime": "toolyard.runtime",
    "ToolRuntime": "toolyard.runtime",
    "asgi_app": "toolyard.mcp.http",
    "create_mcp_runtime": "toolyard.runtime",
    "create_server": "toolyard.mcp.server",
    "list_tools": "toolyard.mcp.catalogue",
    "serve_http": "toolyard.mcp.http",
    "serve_stdio": "toolyard.mcp.stdio",
}

__all__ = [
    "Extend",
    "ServedRuntime",
    "ToolRuntime",
    "asgi_app",
    "create_mcp_runtime",
    "create_server",
    "list_tools",
    "serve_http",
    "serve_stdio",
]


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
