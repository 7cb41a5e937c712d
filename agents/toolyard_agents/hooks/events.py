"""Redacting what a run tells, and what its conversation keeps."""

from __future__ import annotations

from dataclasses import replace
from json import dumps, loads
from typing import Any

from toolyard_agents.events import AgentEvent
from toolyard_agents.hooks.redacted import redacted_call
from toolyard_agents.hooks.redaction import Redaction
from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.entries import AssistantAdded, Change, Compacted, Noted, ResultAdded, UserAdded
from toolyard_kernel.ledger.redaction import REDACTED

OURS = frozenset({"call_id", "seq"})
"""Fields of an event's metadata that are neither a user's nor a tool's."""


def redacted_event(redaction: Redaction, event: AgentEvent) -> AgentEvent:
    """The event as it may be told and written down."""
    text, json, value = redaction.text, redaction.json, redaction.value
    return replace(
        event,
        agent=text(event.agent),
        content=None if event.content is None else json(event.content),
        tool_name=None if event.tool_name is None else text(event.tool_name),
        tool_call_id=None if event.tool_call_id is None else text(event.tool_call_id),
        tool_args=None if event.tool_args is None else value(event.tool_args),
        tool_result=None if event.tool_result is None else json(event.tool_result),
        tool_metadata=None if event.tool_metadata is None else _metadata(redaction, event.tool_metadata),
    )


def _metadata(redaction: Redaction, metadata: dict[str, Any]) -> dict[str, Any]:
    ours = {name: field for name, field in metadata.items() if name in OURS}
    told: dict[str, Any] = redaction.value({name: field for name, field in metadata.items() if name not in OURS})
    return {**told, **ours}


def redacted_change(redaction: Redaction, change: Change) -> Change:
    """The change as it may be kept.

    A call that was redacted can be read, and not made again from what was kept: its arguments are not the real ones.
    """
    match change:
        case UserAdded(content):
            return UserAdded(redaction.json(content))
        case AssistantAdded(content, calls):
            return AssistantAdded(redaction.json(content), tuple(_kept(redaction, call) for call in calls))
        case ResultAdded(call_id, content):
            return ResultAdded(call_id, redaction.json(content))
        case Noted(str(content)):
            return Noted(redaction.json(content))
        case Compacted(summary=summary):
            return replace(change, summary=redaction.json(summary))
        case _:
            return change


def _kept(redaction: Redaction, call: ToolRequest) -> ToolRequest:
    redacted = redacted_call(redaction, call)
    if redacted == call:
        return call
    return replace(redacted, arguments=f'{{"{REDACTED}": {_json(redacted.arguments)}}}')


def _json(text: str) -> str:
    return text if _is_json(text) else dumps(text)


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except (ValueError, RecursionError):
        return False
    return True
