"""Carrying out the calls that a model asks for: through the gate, several at once, answered in their order."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from toolyard_agents.messages import ToolRequest
from toolyard_agents.session.approving import Approvers, CallApprover
from toolyard_agents.session.doors import CallDoor
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.parent_run import ParentRun
from toolyard_agents.state.waiting import CallPath, below
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, JsonObject, ResourceLink, Text
from toolyard_kernel.errors import ToolyardError
from toolyard_kernel.ledger.redaction import REDACTED, field_names_only, scrub, without_secrets

NOT_MADE = "This call was not made: the run was cancelled before it began."
REFUSED = frozenset({"denied", "approval_required"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a call ended with: the text that the model reads, and the outcome, if it came as far as the gate."""

    request: ToolRequest
    text: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A call that waits for an approval; `reason` says whose."""

    request: ToolRequest
    reason: str


@dataclass(slots=True, kw_only=True)
class Calls:
    """Makes calls in the name of `caller`, as many at once as `free` lets in.

    `names` says which tool the model means by a name; `run` is what a call sees of the run that makes it.
    """

    gate: Gate
    caller: Caller
    run: ParentRun
    approvers: Approvers
    free: asyncio.Semaphore
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    async def make(
        self, requests: Sequence[ToolRequest], given: Mapping[CallPath, bool], keep: Callable[[Answered], None]
    ) -> list[Waiting]:
        """Make the calls; `keep` gets each answer as it comes, and those that wait for somebody are returned.

        `given` are answers to asks that these calls, or the runs they delegated to, were waiting for.
        When this is cancelled, the calls that have not ended are stopped, and those that never began say so.
        """
        waits: list[Waiting] = []

        async def one(request: ToolRequest) -> None:
            begun = [request.id] if self.run.state.parked(request.id) else list[str]()
            try:
                async with self.free:
                    await self.run.pause.wait_out(self.emitter)
                    made = await self._make(request, given, lambda: begun.append(request.id))
            except asyncio.CancelledError:
                if not begun:
                    with suppress(ToolyardError, OSError):  # a disk without room: its outcome is unknown then
                        keep(Answered(request=request, text=NOT_MADE))
                raise
            if isinstance(made, Answered):
                keep(made)
            else:
                waits.append(made)

        async with asyncio.TaskGroup() as tasks:
            for request in requests:
                tasks.create_task(one(request))
        return waits

    def fits(self, request: ToolRequest) -> bool:
        """Whether the call is of a tool that its caller sees, with arguments that fit.

        Of a run that is played again all do: what came of them is known.
        """
        if self.run.context.recorded:
            return True
        arguments = _arguments_of(request)
        entry = self.gate.registry.find(self.names.get(request.name, request.name))
        if isinstance(arguments, str) or entry is None:
            return False
        return self.gate.allows(entry, self.caller) and not entry.input.problems(arguments)

    async def hold(self, request: ToolRequest, reason: str) -> Answered:
        """Answer a call without making it."""
        arguments = _arguments_of(request)
        call = self._call(request, {} if isinstance(arguments, str) else arguments)
        door = self._door(request, call, {}, lambda: None)
        return await self._answered(request, call, door, self.gate.refuse(call, self.caller, "policy", reason))

    async def _make(
        self, request: ToolRequest, given: Mapping[CallPath, bool], begins: Callable[[], None]
    ) -> Answered | Waiting:
        arguments = _arguments_of(request)
        if isinstance(arguments, str):
            return await self._unreadable(request, arguments)
        call = self._call(request, arguments)
        door = self._door(request, call, given, begins)
        if recorded := self.run.context.recorded:
            return await self._answered(request, call, door, recorded.outcome(request.id))
        approver = self.approvers.of(door, given=given.get((request.id,)))
        outcome = await replace(self.gate, approver=approver).call(call, self.caller, door)
        if waiting := _waits(outcome, approver):
            return Waiting(request=request, reason=waiting)
        return await self._answered(request, call, door, outcome)

    def _door(
        self, request: ToolRequest, call: ToolCall, given: Mapping[CallPath, bool], begins: Callable[[], None]
    ) -> CallDoor:
        parked = self.run.state.parked(request.id)
        return CallDoor(
            emitter=self.emitter,
            outer=self.run.context.door,
            call_id=request.id,
            tool=call.tool,
            arguments=self._shown(call),
            parent=self.run,
            given=below(given, request.id),
            begins=begins,
            approved=parked.binding if parked else None,
        )

    @property
    def emitter(self) -> Emitter:
        return self.run.emitter

    def _shown(self, call: ToolCall) -> JsonObject:
        """The arguments as events may tell them: of those that no schema vouches for, only the names."""
        entry = self.gate.registry.find(call.tool)
        if entry is None or entry.input.problems(call.arguments):
            return field_names_only(call.arguments)
        return without_secrets(call.arguments, entry.secret) if entry.secret else call.arguments

    def _call(self, request: ToolRequest, arguments: JsonObject) -> ToolCall:
        """With one id for all the rounds that an approval may take."""
        thread_id = self.run.state.session_id
        identity = hashlib.sha256(
            f"{self.emitter.agent}\0{thread_id}\0{request.id}\0{request.name}".encode(errors="replace")
        )
        return ToolCall(
            tool=self.names.get(request.name, request.name),
            arguments=arguments,
            thread_id=thread_id,
            run_id=self.emitter.run_id,
            call_id=identity.hexdigest()[:16],
        )

    async def _unreadable(self, request: ToolRequest, reason: str) -> Answered:
        text = f"invalid arguments: {reason}"
        await self.emitter.emit("tool_start", tool_name=request.name, tool_call_id=request.id)
        await self._ended(request, text, {"status": "tool_error"})
        return Answered(request=request, text=text)

    async def _answered(self, request: ToolRequest, call: ToolCall, door: CallDoor, outcome: Outcome) -> Answered:
        text = text_of(outcome)
        if door.said:
            text = f"{text}\n\n[whoever approved this call says: {door.said}]"
        about: dict[str, Any] = {"status": outcome.status, "duration": outcome.duration, "call_id": outcome.call_id}
        if outcome.status in REFUSED:
            await self.emitter.emit(
                "tool_blocked",
                tool_name=request.name,
                tool_call_id=request.id,
                tool_args=door.arguments,
                content=self._told(text, call, outcome),
                tool_metadata=about,
            )
        else:
            await door.started()  # arguments that did not fit: it never ran, and its end has a beginning all the same
            await self._ended(request, self._told(text, call, outcome), {**about, "structured": outcome.structured})
        return Answered(request=request, text=text, outcome=outcome)

    def _told(self, text: str, call: ToolCall, outcome: Outcome) -> str:
        """The answer as events may tell it: an error may quote what was secret in the arguments."""
        entry = self.gate.registry.find(call.tool)
        return scrub(text, call.arguments, entry.secret) if entry and not outcome.ok else text

    async def _ended(self, request: ToolRequest, text: str, about: dict[str, Any]) -> None:
        await self.emitter.emit(
            "tool_end", tool_name=request.name, tool_call_id=request.id, tool_result=text, tool_metadata=about
        )


def _arguments_of(request: ToolRequest) -> JsonObject | str:
    """The arguments, or why they are none."""
    try:
        arguments: Any = json.loads(request.arguments or "{}")
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error}); write one JSON object"
    if isinstance(arguments, dict) and REDACTED in arguments:
        return "they were redacted when the conversation was kept, so the call cannot be made from there; make it anew"
    if not isinstance(arguments, dict):
        return f"a JSON {type(arguments).__name__}; write one JSON object"
    return cast("JsonObject", arguments)


def _waits(outcome: Outcome, approver: CallApprover) -> str | None:
    if approver.interrupted:
        return str(approver.interrupted) or "the run stops for an approval"
    if outcome.status == "input_required" and approver.door.waits:
        return approver.door.waits
    if outcome.status == "input_required" and outcome.input is None:  # the caller's user is asked by another round
        return outcome.decision.reason
    return None


def text_of(outcome: Outcome) -> str:
    """What the model reads: no model can look at what a tool's message cannot carry."""
    if outcome.status == "input_required":
        return "this tool needs input that only a client can give, and an agent is none"
    return "\n".join(_told(block) for block in outcome.content) or f"[{outcome.status}: no content]"


def _told(block: Content) -> str:
    match block:
        case Text():
            return block.text
        case ResourceLink():
            return f"[{block.uri}: {block.name}]"
        case EmbeddedResource(content=str() as text):
            return text
        case EmbeddedResource():
            return _left_out(block.mime_type or block.uri, len(block.content))
        case Image() | Audio():
            return _left_out(block.mime_type, len(block.data))


def _left_out(kind: str, size: int) -> str:
    return f"[{kind} of {size} bytes: it cannot be shown here]"
