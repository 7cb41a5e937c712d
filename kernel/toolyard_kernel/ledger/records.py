"""What one record says."""

from __future__ import annotations

from typing import Any

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.content import JsonObject
from toolyard_kernel.ledger.times import now

VERSION = 1
LONGEST_ERROR = 500

Record = dict[str, Any]


def started(call: ToolCall, caller: Caller, decision: Decision, arguments: JsonObject) -> Record:
    """The record before a handler runs."""
    record = _about("start", call, caller, decision)
    record["arguments"] = arguments
    return record


def ended(call: ToolCall, caller: Caller, outcome: Outcome, message: str) -> Record:
    """The record after it: how it ended and how long it took. `message` is the scrubbed error, if any."""
    record = _about("end", call, caller, outcome.decision)
    record |= _ending(outcome, message)
    return record


def refused(call: ToolCall, caller: Caller, outcome: Outcome, message: str, arguments: JsonObject) -> Record:
    """The only record of a call, or of a round of one, whose handler never ran."""
    event = "wait" if outcome.status in ("input_required", "approval_required") else "refusal"
    reason = {"reason": message[:LONGEST_ERROR], "arguments": arguments}
    return _about(event, call, caller, outcome.decision) | reason | _ending(outcome, message)


def _about(event: str, call: ToolCall, caller: Caller, decision: Decision) -> Record:
    return {
        "v": VERSION,
        "time": now(),
        "event": event,
        "call_id": call.call_id,
        "tool": call.tool[:128],
        "caller": caller.id,
        "tenant": caller.tenant,
        "profile": caller.profile.profile,
        "thread_id": call.thread_id,
        "run_id": call.run_id,
        "decision": decision.verdict,
        "rule": decision.rule,
        "reason": decision.reason,
    }


def _ending(outcome: Outcome, message: str) -> Record:
    return {
        "status": outcome.status,
        "duration_ms": int(outcome.duration * 1_000_000) / 1000,  # to the microsecond
        "error": None if outcome.ok else message[:LONGEST_ERROR],
    }
