"""Who answers when a call of an agent must be asked for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from toolyard_agents.errors import ApprovalInterrupt
from toolyard_agents.session.doors import CallDoor
from toolyard_kernel.approvals.asks import PASSED_ON, Answer, Approver, Ask, PassedOn
from toolyard_kernel.content import JsonObject

ApprovalCallback = Callable[[str, JsonObject], "bool | Answer | Awaitable[bool | Answer]"]
"""`callback(tool_name, arguments)`, sync or async. Only True, or an `Answer` that approves, is a yes.

It may raise `ApprovalInterrupt`: the run then stops, and `session.resume` goes on with the answer.
"""

AUTO = Answer(approved=True, reason="auto_approve is set by the program that runs the agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Who may answer in a run, besides answers that it was resumed with: the callback, and `auto_approve`; then the
    `host`, before the caller's profile says who else."""

    callback: ApprovalCallback | None = None
    auto: bool = False
    host: Approver | None = None

    def of(self, door: CallDoor, *, given: bool | None) -> CallApprover:
        """Who answers for this call. `given` is the answer that the run was resumed with."""
        return CallApprover(approvers=self, door=door, given=given)


@dataclass(slots=True, kw_only=True)
class CallApprover:
    """Answers the ask of one call; `interrupted` says that the callback wants the run to stop for it."""

    approvers: Approvers
    door: CallDoor
    given: bool | None
    interrupted: ApprovalInterrupt | None = None

    async def __call__(self, ask: Ask) -> bool | Answer | PassedOn:
        if ask.binding == self.door.approved:
            return Answer(approved=True, reason="the call was approved before the run that it delegated to had to wait")
        if self.given is None and self.approvers.callback is None and not self.approvers.auto:
            return await self._host_says(ask)
        await self.door.tell(ask)
        answer = await self._answer(ask)
        if self.interrupted is None:
            await self._told(ask, answer)
        self.door.hear(ask, answer)
        return answer

    async def _host_says(self, ask: Ask) -> bool | Answer | PassedOn:
        said = PASSED_ON if self.approvers.host is None else self.approvers.host(ask)
        return await said if inspect.isawaitable(said) else said

    async def _answer(self, ask: Ask) -> Answer:
        if self.given is not None:
            return Answer(approved=self.given, reason=f"the run was resumed with a {'yes' if self.given else 'no'}")
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

    async def _told(self, ask: Ask, answer: Answer) -> None:
        await self.door.emitter.emit(
            "approval_decision",
            tool_name=ask.tool,
            tool_call_id=self.door.call_id,
            content=answer.reason,
            tool_metadata={"approved": answer.approved},
        )
