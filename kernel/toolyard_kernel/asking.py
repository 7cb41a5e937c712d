"""Getting an answer to an ask: somebody says yes in time, or the answer is no."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from toolyard_kernel.callers import Caller
from toolyard_kernel.content import JsonObject

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question: may this caller make this call? `arguments` are redacted."""

    call_id: str
    tool: str
    arguments: JsonObject
    reason: str
    caller: Caller


Approver = Callable[[Ask], bool | Awaitable[bool]]
"""Answers an ask, sync or async. Only `True` is a yes; raising, or being late, is a no."""


@dataclass(frozen=True, slots=True)
class Answer:
    approved: bool
    reason: str


async def answer(ask: Ask, approver: Approver | None) -> Answer:
    """The host's approver if there is one, else whatever the caller's profile says in `approval.on_ask`."""
    rules = ask.caller.profile.approval
    if approver:
        return await _approver_answers(ask, approver, rules.deadline)
    for answerer in rules.on_ask:
        if answerer == "allow":
            return Answer(True, f"profile {ask.caller.profile.profile!r} says on_ask: allow")
        if answerer == "deny":
            break
    return Answer(False, "approval is needed and nobody here can give it")


async def _approver_answers(ask: Ask, approver: Approver, deadline: float) -> Answer:
    try:
        said = approver(ask)
        if inspect.isawaitable(said):
            said = await asyncio.wait_for(said, deadline)
    except TimeoutError:
        return Answer(False, f"approval was not given within {deadline:g}s")
    except Exception:  # a broken approver is a no, and its fault is the host's to see, not the caller's
        log.exception("the approver failed on %s", ask.tool)
        return Answer(False, "approval is needed and the approver failed")
    if said is True:
        return Answer(True, "the approver said yes")
    return Answer(False, "approval was refused")
