"""The span of a tool call, whoever makes it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from toolyard_agents.telemetry.operation import Ending, Operation, is_heard, known, own, spanned
from toolyard_kernel.calls.outcomes import Outcome, Status, ToolCall
from toolyard_kernel.tools.registry import Registry

FAILED: frozenset[Status] = frozenset({"tool_error", "denied", "timeout", "cancelled", "unknown"})
"""What is no failure: a call that waits for somebody."""


def observe_call(
    call: ToolCall, registry: Registry, made: Coroutine[Any, Any, Outcome]
) -> Coroutine[Any, Any, Outcome]:
    """The `Observer` of every gate: the call as it is, or in a span where somebody hears of it."""
    return spanned(_operation(call, registry), made) if is_heard() else made


def _operation(call: ToolCall, registry: Registry) -> Operation[Outcome]:
    entry = registry.find(call.tool)
    tool = entry.name if entry else None  # a name that nobody registered is what a caller said
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call.call_id,
        "gen_ai.conversation.id": call.thread_id,
        "toolyard.run_id": call.run_id,
    }
    return Operation(
        name=f"execute_tool {tool}" if tool else "execute_tool", attributes=known(attributes), ended=_ended
    )


def _ended(outcome: Outcome) -> Ending:
    """By which rule it was decided is told, and not in which words."""
    attributes = own({"status": outcome.status, "rule": outcome.decision.rule})
    if outcome.status not in FAILED:
        return Ending(attributes)
    return Ending(attributes, type(outcome.raised).__qualname__ if outcome.raised else outcome.status)
