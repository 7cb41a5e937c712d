"""Who answers when a call of an agent must be asked for."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from toolyard_agents.errors import ApprovalInterrupt
from toolyard_agents.hooks.approval_gate import ApprovalGate, gates_answer
from toolyard_agents.hooks.run_hooks import RunHooks
from toolyard_agents.session.doors import CallDoor
from toolyard_kernel.approvals.asks import PASSED_ON, Answer, Approver, Ask, PassedOn
from toolyard_kernel.content import JsonObject

ApprovalCallback = Callable[[str, JsonObject], "bool | Answer | Awaitable[bool | Answer]"]
"""`callback(tool_name, arguments)`, sync or async. Only True, or an `Answer` that approves, is a yes.

It may raise `ApprovalInterrupt`: the run then stops, and `session.resume` goes on with the answer.
"""

AUTO = Answer(approved=True, reason="auto_approve is set by the program that runs the agent")


class PendingAsk(Protocol):
    """An ask that waits for an answer."""

    @property
    def id(self) -> str: ...

    async def answer(self) -> Answer:
        """The answer, once it is given."""
        ...

    async def withdraw(self) -> None:
        """Say that nobody waits for it any more."""
        ...


class Desk(Protocol):
    """Where asks wait until somebody answers them, maybe from another process."""

    async def open(self, ask: Ask, *, agent: str, run_id: str, tool_call_id: str) -> PendingAsk:
        """Lay an ask on the desk."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """Who may answer in a run, besides answers that it was resumed with: the first of these that there is. Without one
    the caller's profile says who. A call that the `hooks` have a gate for is answered by the callback, else by the
    gates, and by nobody else."""

    callback: ApprovalCallback | None = None
    auto: bool = False
    desk: Desk | None = None
    host: Approver | None = None
    hooks: RunHooks | None = None

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
        if self.given is not None or self.approvers.callback or self.approvers.auto or self._gates(ask):
            await self.door.tell(ask)
            answer = await self._answer(ask)
        elif self.approvers.desk:
            answer = await self._answer_at(self.approvers.desk, ask)
        else:
            return await self._host_says(ask)
        if self.interrupted is None:
            await self._told(ask, answer)
        self.door.hear(ask, answer)
        return answer

    async def _answer_at(self, desk: Desk, ask: Ask) -> Answer:
        emitter, call_id = self.door.emitter, self.door.call_id
        asked = await desk.open(self._written(ask), agent=emitter.agent, run_id=emitter.run_id, tool_call_id=call_id)
        try:
            await self.door.tell(ask, asked.id)
        except BaseException:
            await asked.withdraw()
            raise
        return await asked.answer()

    async def _host_says(self, ask: Ask) -> bool | Answer | PassedOn:
        said = PASSED_ON if self.approvers.host is None else self.approvers.host(ask)
        return await said if inspect.isawaitable(said) else said

    async def _answer(self, ask: Ask) -> Answer:
        if self.given is not None:
            return Answer(approved=self.given, reason=f"the run was resumed with a {'yes' if self.given else 'no'}")
        try:
            said: Any = await self._said(ask)
        except ApprovalInterrupt as interrupt:
            self.interrupted = interrupt
            return Answer(approved=False, reason="the run stops for an approval")
        if isinstance(said, Answer):
            return said
        return Answer(approved=said is True, reason="the callback said yes" if said is True else "approval was refused")

    async def _said(self, ask: Ask) -> Any:
        if self.approvers.callback is None:
            gates = self._gates(ask)
            return await gates_answer(gates, ask) if gates else AUTO
        said: Any = self.approvers.callback(ask.tool, ask.arguments)
        return await said if inspect.isawaitable(said) else said

    def _written(self, ask: Ask) -> Ask:
        """The ask as it may be kept."""
        redaction = self.approvers.hooks.redaction if self.approvers.hooks else None
        if redaction is None:
            return ask
        told = redaction.value({"arguments": ask.arguments, "reason": ask.reason, "preview": ask.preview})
        return replace(ask, **told)

    def _gates(self, ask: Ask) -> tuple[ApprovalGate, ...]:
        return self.approvers.hooks.gates(ask.tool) if self.approvers.hooks else ()

    async def _told(self, ask: Ask, answer: Answer) -> None:
        await self.door.emitter.emit(
            "approval_decision",
            tool_name=ask.tool,
            tool_call_id=self.door.call_id,
            content=answer.reason,
            tool_metadata={"approved": answer.approved},
        )
