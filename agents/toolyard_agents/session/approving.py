"""Who answers when a call of an agent must be asked for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolyard_agents.errors import ApprovalInterrupt
from toolyard_agents.session.emitting import Emitter
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.content import JsonObject

ApprovalCallback = Callable[[str, JsonObject], "bool | Answer | Awaitable[bool | Answer]"]
"""`callback(tool_name, arguments)`, sync or async. Only True, or an `Answer` that approves, is a yes.

It may raise `ApprovalInterrupt`: the run then stops, and `session.resume` goes on with the answer.
"""

AUTO = Answer(approved=True, reason="auto_approve is set by the program that runs the agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Who may answer in a run: answers given beforehand, by the model's call id; the callback; `auto_approve`."""

    given: Mapping[str, bool] = field(default_factory=dict[str, bool])
    callback: ApprovalCallback | None = None
    auto: bool = False

    def of(self, call_id: str, emitter: Emitter) -> CallApprover | None:
        """Who answers for this call; None leaves it to the caller's profile."""
        if call_id in self.given or self.callback or self.auto:
            return CallApprover(approvers=self, call_id=call_id, emitter=emitter)
        return None


@dataclass(slots=True, kw_only=True)
class CallApprover:
    """Answers the ask of one call; `interrupted` says that the callback wants the run to stop for it."""

    approvers: Approvers
    call_id: str
    emitter: Emitter
    interrupted: ApprovalInterrupt | None = None

    async def __call__(self, ask: Ask) -> Answer:
        await tell(self.emitter, ask, self.call_id)
        answer = await self._answer(ask)
        if self.interrupted is None:
            await self.emitter.emit(
                "approval_decision",
                tool_name=ask.tool,
                tool_call_id=self.call_id,
                content=answer.reason,
                tool_metadata={"approved": answer.approved},
            )
        return answer

    async def _answer(self, ask: Ask) -> Answer:
        if self.call_id in self.approvers.given:
            approved = self.approvers.given[self.call_id] is True
            return Answer(approved=approved, reason=f"the run was resumed with a {'yes' if approved else 'no'}")
        if self.approvers.callback is None:
            return AUTO
        try:
            said: Any = self.approvers.callback(ask.tool, ask.arguments)
            if inspect.isawaitable(said):
                said = await said
        except ApprovalInterrupt as interrupt:
            self.interrupted = interrupt
            return Answer(approved=False, reason="the run stops for an approval")
        if isinstance(said, Answer):
            return said
        return Answer(approved=said is True, reason="the callback said yes" if said is True else "approval was refused")


async def tell(emitter: Emitter, ask: Ask, call_id: str) -> None:
    """Tell that somebody is asked."""
    await emitter.emit(
        "approval_required",
        tool_name=ask.tool,
        tool_call_id=call_id,
        tool_args=ask.arguments,
        content=ask.reason,
        tool_metadata={"preview": ask.preview} if ask.preview else None,
    )
