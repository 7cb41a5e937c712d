"""Who makes the request that is being served."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolyard.runtime import ServedRuntime
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

SCOPE_KEY = "toolyard.caller"
"""Where the HTTP guard leaves the caller in the ASGI scope."""

OUTCOME_KEY = "toolyard.outcome"
"""Where the lane leaves what it made already, for the SDK to answer."""

at_the_door: ContextVar[Caller] = ContextVar("toolyard_caller")
"""The caller of the HTTP request being served, for the one SDK hook that is not told: `get_tool_input_schema`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call that was made, and how it ended."""

    call: ToolCall
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Where an MCP request meets its runtime: the gate to `agent`, and who calls.

    The runtime is asked each time, since a reload may have changed what it says. `caller` is the id of whoever comes
    over a transport that no guard stands before: in memory, on stdio, a host's own.
    """

    runtime: ServedRuntime
    agent: str
    caller: str

    @property
    def gate(self) -> Gate:
        return self.runtime.gate(self.agent)

    @property
    def local(self) -> Caller:
        return self.runtime.caller(self.caller)

    def caller_of(self, ctx: ServerRequestContext[Any, Any]) -> Caller:
        """The caller the HTTP guard let in, else the local one."""
        if ctx.request is None:
            return self.local
        caller: Caller = ctx.request.scope.get(SCOPE_KEY) or self.local
        return caller


def made_before(ctx: ServerRequestContext[Any, Any]) -> Made | None:
    """The call that the request is about, if the lane made it already."""
    return None if ctx.request is None else ctx.request.scope.get(OUTCOME_KEY)
