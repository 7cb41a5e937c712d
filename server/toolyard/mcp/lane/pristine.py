"""Whether the SDK's server is still as Toolyard made it: what a host changed, the lane must not answer."""

from __future__ import annotations

from typing import Any

from mcp.server.lowlevel import Server

METHODS = ("tools/call", "tools/list", "ping", "server/discover")


class Pristine:
    """A server as it is now."""

    def __init__(self, server: Server[Any]) -> None:
        self._server = server
        self._handlers = {method: server.get_request_handler(method) for method in METHODS}
        self._middleware = list(server.middleware)
        self._hints = dict(server.cache_hints)

    def answers(self, method: str) -> bool:
        """Whether the same handler would answer the method as then, with the same around it."""
        server = self._server
        return (
            server.get_request_handler(method) is self._handlers.get(method)
            and server.middleware == self._middleware
            and server.cache_hints == self._hints
        )
