"""The model and the calls of a run as it was written down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, FinishReason, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.session.recording import Recording
from toolyard_agents.session.run import SAID
from toolyard_agents.traces.reading import Line
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.calls.outcomes import Outcome, Status
from toolyard_kernel.content import Text

RECORDED = Decision(verdict="allow", rule="trace", reason="it was written down")
GRAPH = "graph_"
"""What the contents of events begin with that a graph's notes are in."""


def recording_of(own: Sequence[Line], ended: Line | None) -> Recording:
    """What a policy noted in the run, what was said to it, how its calls ended, and why it did."""
    own_words = [event for event in own if event["type"] == "custom" and "tool_name" not in event]  # no tool's
    noted = (event for event in own_words if str(event.get("content")).startswith(GRAPH))
    notes = tuple(json.dumps(event.get("tool_metadata")) for event in noted)
    told: list[Line] = [event["tool_metadata"] for event in own_words if event.get("content") == SAID]
    said = [(about["after_step"], about["text"]) for about in told]
    reason = str((ended or {}).get("content") or "")
    return Recording(notes=notes, arguments=_arguments(own), outcomes=_outcomes(own), said=said, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer of a model: what it said, and what it asked for. `finished` is None where it broke off."""

    pieces: tuple[Piece, ...]
    finished: Finished | None


@dataclass(slots=True, kw_only=True)
class RecordedModel:
    """Answers as it was written down."""

    name: str
    answers: Sequence[Recorded]
    recording: Recording
    asked: int = 0

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        if self.asked >= len(self.answers):
            raise self.recording.end()
        answer, self.asked = self.answers[self.asked], self.asked + 1
        for piece in answer.pieces:
            yield piece
        if answer.finished is None:
            raise self.recording.end()
        yield answer.finished

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""


def answers_of(own: Sequence[Line]) -> list[Recorded]:
    """The answers of the model, in their order."""
    arguments = _arguments(own)
    answers: list[Recorded] = []
    pieces: list[Piece] = []
    for event in own:
        match event["type"]:
            case "text":
                pieces.append(TextPiece(event["content"]))
            case "reasoning":
                pieces.append(ReasoningPiece(event["content"]))
            case "api_call_complete":
                answers.append(_answer(event, pieces, arguments))
                pieces = []
            case _:
                pass
    return [*answers, Recorded(pieces=tuple(pieces), finished=None)] if pieces else answers


def _answer(event: Line, pieces: Sequence[Piece], arguments: dict[str, Any]) -> Recorded:
    about: dict[str, Any] = event.get("tool_metadata") or {}
    asked = [
        ToolRequest(id=call["id"], name=call["name"], arguments=json.dumps(arguments.get(call["id"], {})))
        for call in about.get("tool_calls", ())
    ]
    used: dict[str, int] = event.get("usage") or {}
    counts = {name: count for name, count in used.items() if name != "total_tokens"}
    finished = Finished(
        reason=cast("FinishReason", about.get("reason", "stop")), usage=Usage(**counts, cost=about.get("cost"))
    )
    return Recorded(pieces=(*pieces, *asked), finished=finished)


def _arguments(own: Sequence[Line]) -> dict[str, Any]:
    """What each call was made with, as far as events tell it."""
    begun = (event for event in own if event["type"] in ("tool_start", "tool_blocked"))
    return {event["tool_call_id"]: event.get("tool_args") or {} for event in begun}


def _outcomes(own: Sequence[Line]) -> dict[str, Outcome]:
    """How each call ended that did."""
    return {event["tool_call_id"]: _outcome(event) for event in own if event["type"] in ("tool_end", "tool_blocked")}


def _outcome(event: Line) -> Outcome:
    about: dict[str, Any] = event.get("tool_metadata") or {}
    text = event.get("tool_result") if event["type"] == "tool_end" else event.get("content")
    return Outcome(
        call_id=about.get("call_id", ""),
        status=cast("Status", about.get("status", "unknown")),
        decision=RECORDED,
        content=(Text(text or ""),),
        structured=about.get("structured"),
        duration=about.get("duration", 0.0),
    )
