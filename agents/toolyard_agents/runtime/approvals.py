"""The approval desk: what a runtime's agents ask, and the answers of whoever may give them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import anyio

from toolyard_agents.errors import StorageConflict, StorageError
from toolyard_agents.hooks.redaction import Redaction
from toolyard_agents.runtime.approval_record import ANSWERED, OUTCOMES, ApprovalOutcome, ApprovalState, PendingApproval
from toolyard_agents.storage.storage import Key, Scope, Storage
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.errors import UnknownName

LOOK = 0.5
"""Seconds between two looks for an answer that another process gave."""
KEPT = 24 * 3600.0
"""Seconds that an ask can be looked up after its end."""
FAREWELL = 2.0
"""Seconds to note that nobody waits for an answer any more."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAsk:
    """An ask that waits. Only the call that it is for takes its answer."""

    id: str
    desk: ApprovalDesk
    expires: float

    async def answer(self) -> Answer:
        """The answer, once it is given. Being cancelled withdraws the ask."""
        return await self.desk.answer_to(self)

    async def withdraw(self) -> None:
        """Say that nobody waits for it any more; one that was answered stays so."""
        await self.desk.withdraw(self)


@dataclass(slots=True, kw_only=True)
class ApprovalDesk:
    """The asks of one tenant's agents, in a storage that other processes may share.

    An ask is answered once, by whoever is first, and only while it waits. A `redaction` is for what is said with it.
    """

    storage: Storage
    tenant: str
    clock: Callable[[], float] = time.time
    redaction: Redaction | None = None
    _answered: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])

    async def open(self, ask: Ask, *, agent: str, thread_id: str, run_id: str, tool_call_id: str) -> OpenAsk:
        """Keep an ask, until its profile's deadline.

        Raises:
            StorageError: it cannot be kept, so nobody could answer it.
        """
        now = self.clock()
        approval = PendingApproval(
            id=f"apr_{secrets.token_hex(12)}",
            tool=ask.tool,
            arguments=ask.arguments,
            reason=ask.reason,
            preview=ask.preview,
            agent=agent,
            principal=ask.caller.principal,
            thread_id=thread_id,
            run_id=run_id,
            tool_call_id=tool_call_id,
            asked=now,
            expires=now + ask.caller.profile.approval.deadline,
        )
        self._answered[approval.id] = asyncio.Event()
        try:
            await self._put(approval, version=0)
        except BaseException:
            self._answered.pop(approval.id, None)
            raise
        return OpenAsk(id=approval.id, desk=self, expires=approval.expires)

    async def respond(self, id: str, outcome: ApprovalOutcome, feedback: str | None = None) -> None:
        """Answer an ask that waits. With `revise` the call is not made, and the model is told what to change.

        Raises:
            ValueError: this is no outcome.
            UnknownName: no ask of this id waits.
        """
        if outcome not in OUTCOMES:
            raise ValueError(f"outcome {outcome!r}; expected one of {', '.join(OUTCOMES)}")
        approval, version = await self._get(id)
        if approval.state != "pending":
            raise UnknownName(f"approval {id!r} does not wait for an answer: it is {approval.state}")
        if feedback is not None and self.redaction is not None:
            feedback = self.redaction.text(feedback)
        answered = replace(approval, state=ANSWERED[outcome], feedback=feedback)
        try:
            await self._put(answered, version=version)
        except StorageConflict as conflict:
            raise UnknownName(f"approval {id!r} does not wait for an answer: another one came first") from conflict
        if event := self._answered.get(id):
            event.set()

    async def pending(self) -> list[PendingApproval]:
        """The asks that wait, oldest first."""
        records = await self.storage.records(Scope(tenant=self.tenant), "approval")
        found = [self._current(PendingApproval.load(record.value, record.key.id)) for record in records]
        return [approval for approval in found if approval.state == "pending"]

    async def answer_to(self, asked: OpenAsk) -> Answer:
        """The answer to an ask of this process, once it is there."""
        event = self._answered[asked.id]
        try:
            while (approval := (await self._get(asked.id))[0]).state == "pending":
                with anyio.move_on_after(LOOK):
                    await event.wait()
            return _answer(approval)
        except BaseException:
            await self.withdraw(asked)
            raise
        finally:
            self._answered.pop(asked.id, None)

    async def withdraw(self, asked: OpenAsk) -> None:
        """Say that nobody waits for an answer any more; one that came first stays."""
        self._answered.pop(asked.id, None)
        with anyio.CancelScope(shield=True), anyio.move_on_after(FAREWELL):
            await self._nobody_waits(asked)

    async def _nobody_waits(self, asked: OpenAsk) -> None:
        state: ApprovalState = "expired" if self.clock() >= asked.expires else "withdrawn"
        with suppress(UnknownName, StorageConflict):
            try:
                approval, version = await self._get(asked.id)
                if approval.state == "pending":
                    await self._put(replace(approval, state=state), version=version)
            except StorageConflict:
                raise
            except StorageError:
                log.exception("that approval %s is %s could not be kept", asked.id, state)

    async def _put(self, approval: PendingApproval, *, version: int) -> None:
        until = approval.expires + KEPT
        await self.storage.put(self._key(approval.id), approval.dump(), version=version, expires=until)

    async def _get(self, id: str) -> tuple[PendingApproval, int]:
        record = await self.storage.get(self._key(id))
        if record is None:
            raise UnknownName(f"no approval has the id {id!r}; pending_approvals() lists those that wait")
        return self._current(PendingApproval.load(record.value, id)), record.version

    def _current(self, approval: PendingApproval) -> PendingApproval:
        """With its time taken into account: whoever asked may be gone without a word."""
        over = approval.state == "pending" and self.clock() >= approval.expires
        return replace(approval, state="expired") if over else approval

    def _key(self, id: str) -> Key:
        return Key(scope=Scope(tenant=self.tenant), kind="approval", id=id)


def _answer(approval: PendingApproval) -> Answer:
    said = f": {approval.feedback}" if approval.feedback else ""
    match approval.state:
        case "approved":
            return Answer(approved=True, reason=f"approval was given{said}", feedback=approval.feedback)
        case "revised":
            return Answer(approved=False, reason=f"approval was not given; make the call again, revised{said}")
        case "expired":
            return Answer(approved=False, reason="approval was not given in time")
        case _:
            return Answer(approved=False, reason=f"approval was refused{said}")
