"""The model and the tools of a run as it was written down: they say again what they said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, FinishReason, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.session.doors import CallDoor
from toolyard_agents.session.recording import Recording
from toolyard_agents.traces.reading import Line
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject, Text, ToolResult
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool

ANY_OBJECT: JsonObject = {"type": "object"}
GRAPH = "graph_"
"""What the contents of events begin with that a graph's notes are in."""


def recording_of(own: Sequence[Line], ended: Line | None) -> Recording:
    """What a policy noted in the run, and why it ended."""
    noted = (event for event in own if event["type"] == "custom" and str(event.get("content")).startswith(GRAPH))
    notes = tuple(json.dumps(event.get("tool_metadata")) for event in noted)
    return Recording(notes=notes, reason=str((ended or {}).get("content") or ""))


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
    arguments = {
        event["tool_call_id"]: event.get("tool_args")
        for event in own
        if event["type"] in ("tool_start", "tool_blocked")
    }
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
        ToolRequest(id=call["id"], name=call["name"], arguments=json.dumps(arguments.get(call["id"]) or {}))
        for call in about.get("tool_calls", ())
    ]
    used: dict[str, int] = event.get("usage") or {}
    counts = {name: count for name, count in used.items() if name != "total_tokens"}
    finished = Finished(
        reason=cast("FinishReason", about.get("reason", "stop")), usage=Usage(**counts, cost=about.get("cost"))
    )
    return Recorded(pieces=(*pieces, *asked), finished=finished)


def tools_of(own: Sequence[Line], recording: Recording) -> Registry:
    """The tools that were called; each answers a call as it was answered."""
    results = {event["tool_call_id"]: event for event in own if event["type"] in ("tool_end", "tool_blocked")}
    registry = Registry()
    for name in {event["tool_name"] for event in results.values()}:
        registry.register(_tool(name, results, recording))
    return registry


def _tool(name: str, results: dict[str, Line], recording: Recording) -> Tool:
    async def recorded(arguments: JsonObject, ctx: ToolContext) -> ToolResult:
        call_id = ctx.door.call_id if isinstance(ctx.door, CallDoor) else ""
        event = results.get(call_id)
        if event is None:
            recording.end()
            return ToolResult(content=(Text("the trace ends before this call was answered"),), is_error=True)
        about: dict[str, Any] = event.get("tool_metadata") or {}
        text = event.get("tool_result") if event["type"] == "tool_end" else event.get("content")
        return ToolResult(
            content=(Text(text or ""),), structured=about.get("structured"), is_error=about.get("status") != "ok"
        )

    return Tool(name=name, description="recorded", input_schema=ANY_OBJECT, handler=recorded)
