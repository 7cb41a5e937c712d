"""Getting an answer to an ask: somebody says yes in time, or the answer is no."""

from __future__ import annotations

import inspect
import logging
import time
from typing import Literal

from toolyard_kernel.approvals.asks import PASSED_ON, Answer, Approver, Ask, PassedOn
from toolyard_kernel.approvals.edits import completed
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.calls.waiting import in_time
from toolyard_kernel.errors import LedgerError

log = logging.getLogger("toolyard")


async def answer(ask: Ask, approver: Approver | None, door: Door, approvals: Approvals) -> Answer:
    """The host's approver if there is one, unless it passes the ask on; else whoever the caller's profile names in
    `approval.on_ask`, in its order.

    `elicit` is passed over when nobody can be asked at the door, and `task` as long as no door offers tasks.
    """
    rules = ask.caller.profile.approval
    if approver and (said := await _approver_answers(ask, approver, rules.deadline)) is not PASSED_ON:
        return said
    for answerer in rules.on_ask:
        if answerer == "allow":
            return Answer(approved=True, reason=f"profile {ask.caller.profile.profile!r} says on_ask: allow")
        if answerer == "deny":
            break
        if answerer == "queue":
            return _operator_answers(ask, approvals, rules.deadline)
        if answerer == "elicit" and (given := await _user_answers(ask, door)):
            return given
    return Answer(approved=False, reason="approval is needed and nobody here can give it")


async def _user_answers(ask: Ask, door: Door) -> Answer | None:
    try:
        return await door.elicit(ask)
    except LedgerError:
        raise
    except Exception:  # whatever a door fails of, nobody said yes
        log.exception("the user could not be asked about %s", ask.tool)
        return Answer(approved=False, reason="approval is needed and the user could not be asked")


def _operator_answers(ask: Ask, approvals: Approvals, deadline: float) -> Answer:
    """An operator's answer that is there already, or a place in the queue."""
    for approval in approvals.of(ask.binding):
        if approval.state == "approved":
            yes = f"an operator approved {approval.id}"
            edited = approval.edited
            if edited is not None:  # as the operator saw them, which may be less than the ask shows
                edited = completed(edited, approval.arguments, ask.arguments, frozenset())
            return Answer(approved=True, reason=yes, arguments=edited, spend=approval.id)
        if approval.state == "denied":
            return Answer(approved=False, reason=f"approval was refused by an operator ({approval.id})")
        if approval.state == "damaged":
            return Answer(approved=False, reason=f"the answer to approval {approval.id} cannot be read")
    who = {"caller": ask.caller.id, "profile": ask.caller.profile.profile, "reason": ask.reason}
    what = {"tool": ask.tool, "arguments": ask.arguments, "secret": sorted(ask.secret), "preview": ask.preview}
    waits = approvals.ask(binding=ask.binding, deadline=deadline, told={**who, **what})
    reason = (
        f"approval is needed: an operator can give it within {deadline:g}s with "
        f"`toolyard approvals approve {waits.id}`; then make the same call again"
    )
    return Answer(approved=False, reason=reason, status="approval_required")


async def _approver_answers(ask: Ask, approver: Approver, deadline: float) -> Answer | Literal[PassedOn.PASSED_ON]:
    began = time.monotonic()
    try:
        said = approver(ask)
        if inspect.isawaitable(said):
            said = await in_time(said, deadline)
    except TimeoutError:
        return _late(deadline)
    except (Exception, SystemExit):  # a broken approver is a no, and its fault is the host's to see, not the caller's
        log.exception("the approver failed on %s", ask.tool)
        return Answer(approved=False, reason="approval is needed and the approver failed")
    if time.monotonic() - began > deadline:
        return _late(deadline)
    if isinstance(said, Answer) or said is PASSED_ON:
        return said
    if said is True:
        return Answer(approved=True, reason="the approver said yes")
    return Answer(approved=False, reason="approval was refused")


def _late(deadline: float) -> Answer:
    return Answer(approved=False, reason=f"approval was not given within {deadline:g}s")
