"""What the lane answers, on whatever transport: requests about the server at once, calls through the gate."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from toolyard.mcp.callers import Counter
from toolyard.mcp.lane.encoding import INVALID_PARAMS, error_message, outcome_message
from toolyard.mcp.lane.identity import MINUTE, Identity
from toolyard.mcp.lane.listing import Listing
from toolyard.mcp.lane.plain_calls import LaneTool, PlainCalls
from toolyard.mcp.lane.requests import Request
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.calls.outcomes import Outcome, ToolCall

if TYPE_CHECKING:
    from mcp_types import ErrorData


class Answer(Struct, frozen=True):
    """A message of JSON-RPC; `code` is that of an error."""

    message: bytes
    code: int | None = None


class Answers:
    """The lane of one server."""

    def __init__(self, counter: Counter, identity: Identity) -> None:
        self._counter = counter
        self._server = identity.server
        self._discovered = identity.discovered()
        self._listing = Listing(counter, {"ttlMs": MINUTE, "cacheScope": "private", **identity.stamp})
        self._plain = PlainCalls(counter)

    def at_once(self, request: Request, caller: Caller, *, modern: bool) -> bytes | None:
        """The result of a request that is no call; None when the SDK must give it."""
        match request.method, modern:
            case "tools/list", _:
                return self._listing.page(request.params.get("cursor"), caller, modern=modern)
            case "server/discover", True:
                return self._discovered
            case "ping", False:
                return b"{}"
            case _:
                return None

    def tool(self, request: Request, caller: Caller) -> LaneTool | None:
        """The tool that is called; None for a request that is no call."""
        return self._plain.of(request.params["name"], caller) if request.method == "tools/call" else None

    def takes(self, request: Request, caller: Caller) -> bool:
        """Whether the request is a call that needs nothing of the SDK."""
        tool = self.tool(request, caller)
        return tool is not None and tool.plain

    def call(self, request: Request) -> ToolCall:
        return ToolCall(tool=request.params["name"], arguments=request.params.get("arguments") or {})

    def make(self, call: ToolCall, caller: Caller, door: Door) -> Coroutine[Any, Any, Outcome]:
        return self._counter.gate.call(call, caller, door)

    def to(self, request: Request, outcome: Outcome, *, modern: bool) -> Answer | None:
        """The answer to a call; None when only the SDK can ask the client for what is missing."""
        if outcome.status == "input_required":
            return None
        if outcome.hidden:
            text = f"Unknown tool: {request.params['name']}"
            return Answer(error_message(request.id, INVALID_PARAMS, text), INVALID_PARAMS)
        if (error := _spoken(outcome.raised)) is not None:
            return Answer(error_message(request.id, error.code, error.message, error.data), error.code)
        return Answer(outcome_message(request.id, outcome, self._server if modern else None))


def _spoken(raised: Exception | None) -> ErrorData | None:
    """The error of a handler that speaks MCP itself, which has then loaded the SDK."""
    if raised is None or "mcp.shared.exceptions" not in sys.modules:
        return None
    # Here, not at the top: it costs nothing any more.
    from mcp.shared.exceptions import MCPError  # noqa: PLC0415

    return raised.error if isinstance(raised, MCPError) else None
