"""Whether a call gets as far as its handler."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.calls.outcomes import Outcome, Status, ToolCall
from toolyard_kernel.content import Text
from toolyard_kernel.tools.registry import Registered


class Admitted(Struct, frozen=True):
    """A call that was found, fits its schema, and is allowed or may ask. `arguments` are as the handler takes them."""

    call: ToolCall
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
