"""Who makes the request that is being served."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from mcp.server.context import ServerRequestContext

from toolyard_kernel.callers import Caller

SCOPE_KEY = "toolyard.caller"
"""Where the HTTP guard leaves the caller in the ASGI scope."""

at_the_door: ContextVar[Caller] = ContextVar("toolyard_caller")
"""The caller of the HTTP request being served, for the one SDK hook that is not told: `get_tool_input_schema`."""


def caller_of(ctx: ServerRequestContext[Any, Any], local: Caller) -> Caller:
    """The caller the HTTP guard let in, or `local` where no guard stands: in memory, on stdio, a host's own transport."""
    if ctx.request is None:
        return local
    caller: Caller = ctx.request.scope.get(SCOPE_KEY, local)
    return caller
