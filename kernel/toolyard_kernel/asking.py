"""Getting an answer to an ask: somebody says yes in time, or the answer is no."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
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
    began = time.monotonic()
    try:
        said = approver(ask)
        if inspect.isawaitable(said):
            said = await _in_time(said, deadline)
    except TimeoutError:
        return _late(deadline)
    except Exception:  # a broken approver is a no, and its fault is the host's to see, not the caller's
        log.exception("the approver failed on %s", ask.tool)
        return Answer(False, "approval is needed and the approver failed")
    if time.monotonic() - began > deadline:
        return _late(deadline)
    if said is True:
        return Answer(True, "the approver said yes")
    return Answer(False, "approval was refused")


def _late(deadline: float) -> Answer:
    return Answer(False, f"approval was not given within {deadline:g}s")


async def _in_time(said: Awaitable[bool], deadline: float) -> bool:
    """Not `asyncio.wait_for`: that waits for an approver that ignores its cancellation, and takes its late answer."""
    task = asyncio.ensure_future(said)
    try:
        await asyncio.wait({task}, timeout=deadline)
    finally:
        if not task.done():
            task.add_done_callback(_heard)
            task.cancel()
    if not task.done():
        raise TimeoutError
    if task.cancelled():
        raise RuntimeError("the approver was cancelled")
    return task.result()


def _heard(task: asyncio.Future[bool]) -> None:
    if not task.cancelled():
        task.exception()  # too late to matter; asyncio would report an exception nobody looked at
