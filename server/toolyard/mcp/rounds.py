"""One round of a request that may need more than one: what its handler is given, and what it asks the client for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import TypeAdapter, ValidationError

from toolyard.mcp.callers import Counter
from toolyard.mcp.round_state import RoundState
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import new_call_id
from toolyard_kernel.content import InputRequired, JsonObject

Context = ServerRequestContext[Any, Any]

_REQUESTS: TypeAdapter[types.InputRequests] = TypeAdapter(types.InputRequests)


def state_of(text: str | None) -> RoundState:
    """What the round before left with the client; in the first round, a new call."""
    return RoundState.load(text) if text is not None else RoundState(call_id=new_call_id())


def context_of(counter: Counter, ctx: Context, name: str, state: RoundState) -> ToolContext:
    """What the handler of a resource or a prompt is given."""

    async def report(value: float, total: float | None, message: str | None) -> None:
        await ctx.session.report_progress(value, total, message)

    return ToolContext(
        caller=counter.caller_of(ctx),
        call_id=state.call_id,
        tool=name,
        services=counter.gate.services,
        changes=counter.runtime.changes,
        report=report,
        wire=with_own_state(ctx, state),
        resumed=state.own,
    )


def another_round(ctx: Context, needed: InputRequired, call_id: str) -> types.InputRequiredResult:
    """What the client must answer before the handler of a resource or a prompt can go on.

    Raises:
        MCPError: as `requests_for` does.
    """
    state = RoundState(call_id=call_id, own=needed.state)
    return types.InputRequiredResult(input_requests=requests_for(ctx, needed), request_state=state.dump())


def requests_for(ctx: Context, needed: InputRequired) -> types.InputRequests:
    """What a handler needs, as requests to this client.

    Raises:
        MCPError: -32021 when the client did not declare that it can answer them, -32603 when it belongs to an era
            that has no such rounds, or they are no MCP requests.
    """
    if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        raise MCPError(types.INTERNAL_ERROR, f"This needs input that only a client of {_modern()} can give")
    try:
        requests = _REQUESTS.validate_python(dict(needed.requests))
    except ValidationError as error:
        raise MCPError(types.INTERNAL_ERROR, "The handler asks for input with what is no MCP request") from error
    missing = [name for request in requests.values() for name in _lacking(request, ctx.session.client_capabilities)]
    if missing:
        data: JsonObject = {"requiredCapabilities": {name: {} for name in missing}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "The client cannot give the input needed", data)
    return requests


def with_own_state(ctx: Context, state: RoundState | None) -> Context:
    """The context as the handler may see it: with the state it left itself, not the door's."""
    if ctx.params is None or state is None:
        return ctx
    rest = {name: value for name, value in ctx.params.items() if name != "requestState"}
    return replace(ctx, params=rest if state.own is None else {**rest, "requestState": state.own})


def _lacking(request: object, declared: types.ClientCapabilities | None) -> list[str]:
    """The capability that `request` takes, if the client did not declare it."""
    can = declared or types.ClientCapabilities()
    match request:
        case types.ElicitRequest():
            return [] if can.elicitation is not None else ["elicitation"]
        case types.CreateMessageRequest():
            return [] if can.sampling is not None else ["sampling"]
        case types.ListRootsRequest():
            return [] if can.roots is not None else ["roots"]
        case _:
            return []


def _modern() -> str:
    return min(MODERN_PROTOCOL_VERSIONS)
