"""Playing a trace again: the answers and the results are those that were written down, and nothing is called."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from toolyard_agents.agent import Agent
from toolyard_agents.errors import ModelError, TraceError
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, FinishReason, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.opened import OpenAgent
from toolyard_agents.results import RunResult, StopReason
from toolyard_agents.session.doors import CallDoor
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.traces.reading import Line, Trace
from toolyard_agents.traces.subject import Subject
from toolyard_agents.usage import Usage
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.content import JsonObject, Text, ToolResult
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Tool

ANY_OBJECT: JsonObject = {"type": "object"}
ENDS: dict[str, EndStatus] = {
    "turn_complete": "completed",
    "error": "error",
    "cancelled": "cancelled",
    "interruption": "interrupted",
}


async def replayed(trace: Trace, agent: Agent) -> RunResult:
    """The run of a trace once more, by the agent as it is now. It changes nothing anywhere.

    Raises:
        TraceError: the agent is not the one that ran; the text names the first difference.
    """
    if difference := Subject.of(agent).difference(trace.subject):
        raise TraceError(f"trace {trace.id!r} cannot be played again: {difference}")
    model = RecordedModel(name=trace.subject.model, answers=_answers(trace.own), ended=_last(trace.own))
    gate = Gate(registry=_recorded_tools(trace.own), recorder=Recorder(NoLedger()), approvals=Approvals(state_folder()))
    caller = Caller(id="replay", profile=BUILT_IN["unrestricted"])
    session = Session(agent, context=RunContext(caller=caller, opened=OpenAgent(gate=gate, model=model)))
    session.auto_compact = False
    result = await session.run(_prompt(trace))
    return _as_it_ended(result, model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer of a model: what it said, and what it asked for. `finished` is None where it broke off."""

    pieces: tuple[Piece, ...]
    finished: Finished | None


@dataclass(slots=True, kw_only=True)
class RecordedModel:
    """Answers as it was written down; `over` says that it was asked for more than that."""

    name: str
    answers: Sequence[Recorded]
    ended: Line | None
    asked: int = 0
    over: bool = False

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        if self.asked >= len(self.answers):
            self.over = True
            raise ModelError(str((self.ended or {}).get("content") or "the trace ends here"))
        answer, self.asked = self.answers[self.asked], self.asked + 1
        for piece in answer.pieces:
            yield piece
        if answer.finished is None:
            self.over = True
            raise ModelError(str((self.ended or {}).get("content") or "the answer broke off"))
        yield answer.finished

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""


def _prompt(trace: Trace) -> str:
    started = next((event for event in trace.own if event["type"] == "agent_start"), None)
    if started is None or not isinstance(started.get("content"), str):
        raise TraceError(f"trace {trace.id!r} has no prompt: it goes on with a run that was interrupted")
    return str(started["content"])


def _last(own: Sequence[Line]) -> Line | None:
    return next((event for event in reversed(own) if event["type"] in ENDS), None)


def _as_it_ended(result: RunResult, model: RecordedModel) -> RunResult:
    """Why a run was ended from outside is not played again: it is told as it was."""
    if not model.over or model.ended is None:
        return result
    about: Line = model.ended.get("tool_metadata") or {}
    reason = cast("StopReason", about.get("stop_reason", "error"))
    return replace(result, status=ENDS[model.ended["type"]], stop_reason=reason)


def _answers(own: Sequence[Line]) -> list[Recorded]:
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


def _recorded_tools(own: Sequence[Line]) -> Registry:
    results = {event["tool_call_id"]: event for event in own if event["type"] in ("tool_end", "tool_blocked")}
    registry = Registry()
    for name in {event["tool_name"] for event in results.values()}:
        registry.register(_recorded_tool(name, results))
    return registry


def _recorded_tool(name: str, results: dict[str, Line]) -> Tool:
    async def recorded(arguments: JsonObject, ctx: ToolContext) -> ToolResult:
        call_id = ctx.door.call_id if isinstance(ctx.door, CallDoor) else ""
        event = results.get(call_id)
        if event is None:
            return ToolResult(content=(Text("the trace ends before this call was answered"),), is_error=True)
        about: dict[str, Any] = event.get("tool_metadata") or {}
        text = event.get("tool_result") if event["type"] == "tool_end" else event.get("content")
        return ToolResult(
            content=(Text(text or ""),), structured=about.get("structured"), is_error=about.get("status") != "ok"
        )

    return Tool(name=name, description="recorded", input_schema=ANY_OBJECT, handler=recorded)
