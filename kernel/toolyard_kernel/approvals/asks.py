"""One question, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject

Refused = Literal["denied", "approval_required", "input_required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question: may this caller make this call?

    `arguments` are redacted, and `secret` names the fields whose values are. `preview` shows what the call would do,
    where its tool can tell: a diff, a command, a statement. `binding` is the digest of caller, tool, arguments and
    policy that the answer is for.
    """

    call_id: str
    tool: str
    arguments: JsonObject
    reason: str
    caller: Caller
    binding: str
    secret: frozenset[str] = frozenset()
    preview: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, and why.

    `feedback` is what the approver says to whoever made the call. `arguments` replace the caller's, except where they
    are as the ask showed them; they are validated and decided again. `spend` is the id of an approval that this answer
    uses up, a yes or a no. `status` says what kind of no it is: final, or one that waits for an operator or for the
    client.
    """

    approved: bool
    reason: str
    arguments: JsonObject | None = None
    spend: str | None = None
    status: Refused = "denied"
    feedback: str | None = None


class PassedOn(Enum):
    """The one thing that an approver says when the ask is not for it to answer."""

    PASSED_ON = "passed on"


PASSED_ON: Final = PassedOn.PASSED_ON

Approver = Callable[[Ask], "bool | Answer | PassedOn | Awaitable[bool | Answer | PassedOn]"]
"""Answers an ask, sync or async, or leaves it to the caller's profile with `PASSED_ON`. Only `True`, or an `Answer`
that approves, is a yes; anything else, raising, or being late is a no."""
