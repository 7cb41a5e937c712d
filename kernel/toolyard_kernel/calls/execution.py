"""Running an admitted call's handler, and saying how it ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from traceback import format_exception
from typing import Any

from toolyard_kernel.calls import running
from toolyard_kernel.calls.admission import Admitted
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.calls.outcomes import Outcome, Status
from toolyard_kernel.calls.results import as_result, head_and_tail, is_within, shortened, whole_text
from toolyard_kernel.calls.retrying import retried
from toolyard_kernel.changes import Changes
from toolyard_kernel.content import InputRequired, Text, unicode_of
from toolyard_kernel.errors import DeadlineExceeded, ToolError
from toolyard_kernel.ledger.redaction import scrub
from toolyard_kernel.references.overflow import Overflow

log = logging.getLogger("toolyard")


async def execute(
    admitted: Admitted,
    caller: Caller,
    door: Door,
    services: Mapping[str, Any],
    changes: Changes,
    overflow: Overflow | None,
) -> Outcome:
    """The outcome of a call whose handler runs now, by its deadline.

    Raises:
        asyncio.CancelledError: the caller is gone, and the handler was stopped.
    """
    limit = caller.profile.limits.output_bytes
    try:
        returned = await _returned(admitted, caller, door, services, changes)
        if isinstance(returned, InputRequired):
            return _outcome(admitted, "input_required", input=returned)
        result = as_result(returned, admitted.entry.output)
        if not is_within(result, limit):
            rest = await overflow.kept(caller, whole_text(result)) if overflow else ""
            result = shortened(result, limit, promised=admitted.entry.output is not None, rest=rest)
    except DeadlineExceeded as error:
        return _failed(admitted, "timeout", _said(error), limit)
    except ToolError as error:
        return _failed(admitted, "tool_error", _said(error), limit)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is an answer; its traceback is for the host
        trace = scrub("".join(format_exception(error)), admitted.call.arguments, admitted.entry.secret)
        trace = trace.encode(errors="backslashreplace").decode()  # half a surrogate pair fits in no log
        log.error("tool %r failed\n%s", admitted.call.tool, trace)  # noqa: TRY400 - its traceback may quote a secret
        return _failed(admitted, "tool_error", f"{type(error).__name__}: {_said(error)}", limit, raised=error)
    status: Status = "tool_error" if result.is_error else "ok"
    return _outcome(admitted, status, content=tuple(result.content), structured=result.structured)


async def _returned(
    admitted: Admitted, caller: Caller, door: Door, services: Mapping[str, Any], changes: Changes
) -> Any:
    call, limits = admitted.call, caller.profile.limits
    ctx = ToolContext(
        caller=caller,
        call_id=call.call_id,
        tool=call.tool,
        services=services,
        changes=changes,
        thread_id=call.thread_id,
        run_id=call.run_id,
        report=door.report,
        wire=door.wire,
        resumed=door.resumed,
        door=door,
    )
    tool = admitted.entry.tool
    deadline = min(limits.timeout, tool.timeout or limits.timeout)
    if not tool.retries:
        return await running.run(admitted.entry, admitted.arguments, ctx, deadline)
    return await retried(tool, deadline, lambda left: running.run(admitted.entry, admitted.arguments, ctx, left))


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of somebody's own may raise when it is asked what it says
        return "(no words)"


def _failed(admitted: Admitted, status: Status, message: str, limit: int, raised: Exception | None = None) -> Outcome:
    told = Text(head_and_tail(unicode_of(message).encode(), limit))
    return _outcome(admitted, status, content=(told,), raised=raised)


def _outcome(admitted: Admitted, status: Status, **parts: Any) -> Outcome:
    return Outcome(call_id=admitted.call.call_id, status=status, decision=admitted.decision, **parts)
