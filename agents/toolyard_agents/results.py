"""What a run answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from toolyard_agents.events import AgentEvent, EventType
from toolyard_agents.messages import Message
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.usage import Usage

StopReason = Literal["end", "max_iterations", "budget", "timeout", "cancelled", "error", "interrupted"]

STATUS: dict[StopReason, EndStatus] = {
    "end": "completed",
    "max_iterations": "error",
    "budget": "error",
    "timeout": "error",
    "cancelled": "cancelled",
    "error": "error",
    "interrupted": "interrupted",
}
"""What became of a run that stopped for this reason."""

ENDS: dict[EventType, EndStatus] = {
    "turn_complete": "completed",
    "error": "error",
    "cancelled": "cancelled",
    "interruption": "interrupted",
}
"""What became of a run whose last event is of this type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended. `used` is what this run used, the runs it delegated to included.

    `messages` is the whole conversation, and `final_state` its state at the end.
    """

    text: str
    events: list[AgentEvent]
    status: EndStatus
    used: Usage
    run_id: str
    stop_reason: StopReason
    messages: tuple[Message, ...] = field(default=(), repr=False)
    final_state: Any = field(default=None, repr=False)

    @property
    def reason(self) -> str:
        """Why the run ended, in words; of a completed one, its answer."""
        return (self.events[-1].content if self.events else None) or self.text

    @property
    def output(self) -> Message:
        """The final message."""
        return Message(role="assistant", content=self.text)

    @property
    def trace_id(self) -> str:
        """The run's id, which names its trace."""
        return self.run_id

    @property
    def usage(self) -> dict[str, int]:
        """Token counts by name."""
        return self.used.to_dict()

    @property
    def cost(self) -> float | None:
        """US dollars; None when a price is not known."""
        return self.used.cost

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it, without the events."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "stop_reason": self.stop_reason,
            "text": self.text,
            "usage": self.usage,
            "cost": self.cost,
        }
