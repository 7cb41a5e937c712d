"""What a line of a trace must hold so that it can be played again: a file that somebody else wrote is only data."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from toolyard_agents.errors import TraceError
from toolyard_agents.models.model import FinishReason
from toolyard_agents.results import StopReason
from toolyard_agents.traces.reading import Trace
from toolyard_kernel.calls.outcomes import Status
from toolyard_kernel.tools.model_schemas import sentence_of


class Part(BaseModel):
    """What else a line holds is nobody's business here."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Event(Part):
    type: str
    run_id: str


class Said(Part):
    content: str


class Asked(Part):
    id: str
    name: str


class About(Part):
    tool_calls: list[Asked] = []
    reason: FinishReason = "stop"
    cost: float | None = None


class Used(Part):
    model_config = ConfigDict(strict=True, extra="forbid")

    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cached_tokens: NonNegativeInt = 0
    reasoning_tokens: NonNegativeInt = 0
    total_tokens: NonNegativeInt = 0


class Answer(Part):
    tool_metadata: About | None = None
    usage: Used | None = None


class How(Part):
    call_id: str = ""
    status: Status = "unknown"
    duration: float = 0.0


class Begun(Part):
    tool_call_id: str
    tool_args: dict[str, Any] | None = None


class Ended(Begun):
    tool_result: str | None = None
    content: str | None = None
    tool_metadata: How | None = None


class Why(Part):
    stop_reason: StopReason = "error"


class Last(Part):
    content: str | None = None
    tool_metadata: Why | None = None


class Note(Part):
    content: str | None = None
    tool_metadata: dict[str, Any] | None = None


PARTS: dict[str, type[Part]] = {
    "text": Said,
    "reasoning": Said,
    "api_call_complete": Answer,
    "tool_start": Begun,
    "tool_end": Ended,
    "tool_blocked": Ended,
    "custom": Note,
    "turn_complete": Last,
    "error": Last,
    "cancelled": Last,
    "interruption": Last,
}
"""By the type of an event; of the others nothing is played again."""


def check_events(trace: Trace) -> None:
    """That the run can be played again.

    Raises:
        TraceError: an event is damaged; the text names its line.
    """
    for number, event in enumerate(trace.events, start=2):
        try:
            which = Event.model_validate(event)
            if which.run_id == trace.id and (part := PARTS.get(which.type)):
                part.model_validate(event)
        except ValidationError as error:
            raise TraceError(f"trace {trace.id!r}, line {number}, is damaged: {sentence_of(error)}") from error
