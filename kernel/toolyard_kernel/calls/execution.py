"""Running an admitted call's handler, and saying how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
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
from toolyard_kernel.content import Content, InputRequired, JsonObject, Text, ToolResult, unicode_of
from toolyard_kernel.errors import DeadlineExceeded, ToolError
from toolyard_kernel.ledger.redaction import scrub

log = logging.getLogger("toolyard")


Keep = Callable[[Caller, str], Awaitable[str]]
"""Keeps the whole of a result that is too long for its caller, and says in words where it can be read."""


@dataclass(slots=True, eq=False)
class Execution:
    """An admitted call whose handler runs now."""

    admitted: Admitted
    caller: Caller
    door: Door
    services: Mapping[str, Any]
    changes: Changes
    keep: Keep
    began: float = field(default_factory=time.perf_counter)

    async def run(self) -> Outcome:
        """How the call ended, by its deadline.

        Raises:
            asyncio.CancelledError: the caller is gone, and the handler was stopped.
        """
        call, entry, limits = self.admitted.call, self.admitted.entry, self.caller.profile.limits
        arguments, ctx = self.admitted.arguments, self._context()
        deadline = limits.timeout if entry.tool.timeout is None else min(limits.timeout, entry.tool.timeout)
        try:
            if entry.tool.retries:
                returned = await retried(entry.tool, deadline, lambda left: running.run(entry, arguments, ctx, left))
            else:
                returned = await running.run(entry, arguments, ctx, deadline)
            if isinstance(returned, InputRequired):
                return self.outcome("input_required", input=returned)
            result = as_result(returned, entry.output)
            if not is_within(result, limits.output_bytes):
                result = await self._shortened(result)
        except DeadlineExceeded as error:
            return self._failed("timeout", _said(error))
        except ToolError as error:
            return self._failed("tool_error", _said(error))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is an answer; its traceback is for the host
            trace = scrub("".join(format_exception(error)), call.arguments, entry.secret)
            trace = trace.encode(errors="backslashreplace").decode()  # half a surrogate pair fits in no log
            log.error("tool %r failed\n%s", call.tool, trace)  # noqa: TRY400 - its traceback may quote a secret
            return self._failed("tool_error", f"{type(error).__name__}: {_said(error)}", raised=error)
        status: Status = "tool_error" if result.is_error else "ok"
        return self.outcome(status, tuple(result.content), result.structured)

    def outcome(
        self,
        status: Status,
        content: tuple[Content, ...] = (),
        structured: JsonObject | None = None,
        *,
        input: InputRequired | None = None,
        raised: Exception | None = None,
    ) -> Outcome:
        """The call's outcome if it ends now."""
        return Outcome(
            call_id=self.admitted.call.call_id,
            status=status,
            decision=self.admitted.decision,
            content=content,
            structured=structured,
            duration=time.perf_counter() - self.began,
            input=input,
            raised=raised,
        )

    def _context(self) -> ToolContext:
        call, entry, door = self.admitted.call, self.admitted.entry, self.door
        return ToolContext(
            caller=self.caller,
            call_id=call.call_id,
            tool=call.tool,
            services=self.services,
            changes=self.changes,
            thread_id=call.thread_id,
            run_id=call.run_id,
            report=door.report,
            wire=door.wire if entry.tool.wire else None,
            resumed=door.resumed,
            door=door,
        )

    async def _shortened(self, result: ToolResult) -> ToolResult:
        limit = self.caller.profile.limits.output_bytes
        rest = await self.keep(self.caller, whole_text(result))
        return shortened(result, limit, promised=self.admitted.entry.output is not None, rest=rest)

    def _failed(self, status: Status, message: str, raised: Exception | None = None) -> Outcome:
        limit = self.caller.profile.limits.output_bytes
        told = Text(head_and_tail(unicode_of(message).encode(), limit))
        return self.outcome(status, (told,), raised=raised)


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception of somebody's own may raise when it is asked what it says
        return "(no words)"
