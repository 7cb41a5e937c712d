"""From errors to what MCP answers instead of a result."""

from __future__ import annotations

import logging
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from toolyard_kernel.content import unicode_of
from toolyard_kernel.errors import DeadlineExceeded, InvalidArguments, ToolError, UnknownName

log = logging.getLogger("toolyard")


def failure_of(error: Exception, what: str, data: Any = None) -> MCPError:
    """The JSON-RPC error of a request for `what` that failed; `data` goes with one for what is not there."""
    match error:
        case MCPError():  # a handler that speaks MCP itself
            return error
        case UnknownName():
            return MCPError(types.INVALID_PARAMS, unicode_of(str(error)), data)
        case InvalidArguments():
            return MCPError(types.INVALID_PARAMS, unicode_of(str(error)))
        case DeadlineExceeded() | ToolError():
            return MCPError(types.INTERNAL_ERROR, unicode_of(str(error)))
        case _:  # its traceback is for the host
            log.error("%s failed", what, exc_info=error)
            return MCPError(types.INTERNAL_ERROR, unicode_of(f"{type(error).__name__}: {error}"))
