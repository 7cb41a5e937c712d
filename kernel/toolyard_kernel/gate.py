"""The gate: the one door every call goes through, whoever makes it.

find → validate → decide → ask → record → run under a deadline → record → result
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from toolyard_kernel import running
from toolyard_kernel.asking import Approver, Ask, answer
from toolyard_kernel.callers import Caller
from toolyard_kernel.content import Text, ToolResult
from toolyard_kernel.context import Report, ToolContext, unheard
from toolyard_kernel.decisions import Decision, decide, refuse, unknown
from toolyard_kernel.errors import DeadlineExceeded, InvalidArguments, LedgerError, ToolError
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.ledger.redaction import redact
from toolyard_kernel.outcomes import Outcome, Status, ToolCall
from toolyard_kernel.registry import Registered, Registry
from toolyard_kernel.results import as_result

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Decides, records and runs calls of the tools in `registry`.

    `approver` answers asks before the caller's profile does; `services` reach every handler; `running` maps the call
    ids of the handlers that run now to their tools.
    """

    registry: Registry
    recorder: Recorder
    services: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    approver: Approver | None = None
    running: dict[str, str] = field(default_factory=dict[str, str])

    def visible(self, caller: Caller) -> Iterator[Registered]:
        """The tools that exist for this caller, in the order of their names."""
        return (entry for entry in self.registry if self.allows(entry, caller))

    def allows(self, entry: Registered, caller: Caller) -> bool:
        """Whether the tool exists for this caller: it may be called, or asked for."""
        return decide(entry.tool, caller.profile).verdict != "deny"

    def explain(self, call: ToolCall, caller: Caller) -> Decision:
        """What would be decided, and why; nothing runs and nothing is recorded."""
        try:
            return self._decided(call, caller).decision
        except Refusal as refusal:
            return refusal.decision

    async def call(self, call: ToolCall, caller: Caller, report: Report = unheard) -> Outcome:
        """Make the call: one decided and recorded outcome, by its deadline.

        Raises:
            asyncio.CancelledError: the caller is gone; the handler was stopped, and the ledger says `cancelled`.
        """
        try:
            admitted = self._decided(call, caller)
            if admitted.decision.verdict == "ask":
                await self._ask(admitted, call, caller)
            self._record_start(admitted, call, caller)
        except Refusal as refusal:
            outcome = refusal.outcome(call)
            self.recorder.refused(call, caller, outcome, refusal.entry)
            return outcome
        return await self._run_and_record(admitted, call, caller, report)

    def _decided(self, call: ToolCall, caller: Caller) -> Admitted:
        """Find, validate, decide. A tool that the caller may not have is not found."""
        entry = self.registry.find(call.tool)
        if entry is None:
            raise Refusal("denied", unknown(call.tool), hidden=True)
        decision = decide(entry.tool, caller.profile)
        if decision.verdict == "deny":
            raise Refusal("denied", decision, entry, hidden=True)
        try:
            return Admitted(entry, decision, entry.parse(call.arguments))
        except InvalidArguments as error:
            raise Refusal("tool_error", refuse("input_schema", f"invalid arguments: {error}"), entry) from error

    async def _ask(self, admitted: Admitted, call: ToolCall, caller: Caller) -> None:
        decision = admitted.decision
        shown = redact(call.arguments, admitted.entry.secret)
        ask = Ask(call_id=call.call_id, tool=call.tool, arguments=shown, reason=decision.reason, caller=caller)
        given = await answer(ask, self.approver)
        if not given.approved:
            raise Refusal("denied", refuse(decision.rule, f"{given.reason}: {decision.reason}"), admitted.entry)

    def _record_start(self, admitted: Admitted, call: ToolCall, caller: Caller) -> None:
        try:
            self.recorder.started(call, caller, admitted.decision, admitted.entry)
        except LedgerError as error:
            log.error("%s", error)  # noqa: TRY400 - the message says it all
            reason = "the call could not be recorded, so it was not made; the server's log says why"
            raise Refusal("denied", refuse("ledger", reason), admitted.entry) from error

    async def _run_and_record(self, admitted: Admitted, call: ToolCall, caller: Caller, report: Report) -> Outcome:
        began = time.perf_counter()
        status: Status = "cancelled"
        result = ToolResult()
        self.running[call.call_id] = call.tool
        try:
            result = await self._run(admitted, call, caller, report)
            status = "tool_error" if result.is_error else "ok"
        except DeadlineExceeded as error:
            status, result = "timeout", _message(str(error))
        except ToolError as error:
            status, result = "tool_error", _message(str(error))
        except Exception as error:  # whatever a handler raises is an answer; its traceback is for the host
            log.exception("tool %r failed", call.tool)
            status, result = "tool_error", _message(f"{type(error).__name__}: {error}")
        finally:  # a cancelled call is recorded too
            del self.running[call.call_id]
            outcome = _outcome(call, status, admitted.decision, result, time.perf_counter() - began)
            self.recorder.ended(call, caller, outcome, admitted.entry)
        return outcome

    async def _run(self, admitted: Admitted, call: ToolCall, caller: Caller, report: Report) -> ToolResult:
        entry, limits = admitted.entry, caller.profile.limits
        ctx = ToolContext(
            caller=caller,
            call_id=call.call_id,
            tool=call.tool,
            services=self.services,
            thread_id=call.thread_id,
            run_id=call.run_id,
            report=report,
        )
        deadline = min(limits.timeout, entry.tool.timeout or limits.timeout)
        returned = await running.run(entry, admitted.arguments, ctx, deadline)
        return as_result(returned, entry.output, limits.output_bytes)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that was found, fits its schema, and is allowed or may ask."""

    entry: Registered
    decision: Decision
    arguments: Any


class Refusal(Exception):  # noqa: N818 - it never leaves the gate, and is no error
    """Ends a call before its handler runs; `hidden` says that the caller must see an unknown tool."""

    def __init__(
        self, status: Status, decision: Decision, entry: Registered | None = None, *, hidden: bool = False
    ) -> None:
        super().__init__(decision.reason)
        self.status: Status = status
        self.decision = decision
        self.entry = entry
        self.hidden = hidden

    def outcome(self, call: ToolCall) -> Outcome:
        return Outcome(
            call_id=call.call_id,
            status=self.status,
            decision=self.decision,
            content=(Text(self.decision.reason),),
            hidden=self.hidden,
        )


def _message(text: str) -> ToolResult:
    return ToolResult(content=(Text(text),), is_error=True)


def _outcome(call: ToolCall, status: Status, decision: Decision, result: ToolResult, duration: float) -> Outcome:
    return Outcome(
        call_id=call.call_id,
        status=status,
        decision=decision,
        content=tuple(result.content),
        structured=result.structured,
        duration=duration,
    )
