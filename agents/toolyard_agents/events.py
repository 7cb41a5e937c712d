"""What happens in a run, as those who watch it are told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

EventType = Literal[
    "text",
    "reasoning",
    "step_start",
    "tool_start",
    "tool_progress",
    "tool_end",
    "tool_blocked",
    "approval_required",
    "approval_decision",
    "agent_start",
    "agent_end",
    "plan_status",
    "api_call_complete",
    "usage",
    "turn_complete",
    "compact_start",
    "compact_end",
    "progress",
    "interruption",
    "error",
    "cancelled",
    "custom",
]
TERMINAL: frozenset[EventType] = frozenset({"turn_complete", "error", "cancelled", "interruption"})
"""Exactly one of these ends a run's events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEvent:
    """One event. Which of the fields are there depends on its type.

    `seq` counts the events of one run from 0; `timestamp` is in seconds since the epoch. Of a run that was delegated
    to, `parent_run_id` is the run that asked for it, and `parent_call_id` the `tool_call_id` by which it did.
    """

    type: EventType
    content: str | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    tool_args: dict[str, Any] | None = None
    tool_result: str | None = None
    tool_metadata: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    approval_id: str | None = None
    seq: int = 0
    run_id: str = ""
    agent: str = ""
    parent_run_id: str | None = None
    parent_call_id: str | None = None
    timestamp: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The event without the fields that are not there."""
        return {name: value for name, value in asdict(self).items() if value is not None}
