"""The way back to an MCP client while its call is under way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from toolyard.mcp.round_state import Approval, RoundState
from toolyard.mcp.rounds import Context, requests_for, with_own_state
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.calls.waiting import in_time
from toolyard_kernel.content import InputRequired, JsonObject, unicode_of

KEY = "approval"
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"approve": {"type": "boolean", "title": "Approve", "description": "Run this call?"}},
    "required": ["approve"],
}

FAREWELL = 0.5
"""Seconds to tell a client that it need not answer any more; the SDK would try for longer, though nobody is there."""


class McpDoor:
    """One `tools/call`. `state` is what an earlier round of the same call left with the client, if there was one."""

    def __init__(
        self,
        ctx: Context,
        params: types.CallToolRequestParams,
        state: RoundState | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ctx = ctx
        self._params = params
        self._state = state
        self._clock = clock
        self._asked: tuple[types.ElicitRequest, Approval] | None = None
        self._given: Approval | None = None
        self.wire = with_own_state(ctx, state)
        self.resumed = state.own if state else None

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        await self._ctx.session.report_progress(value, total, message if message is None else unicode_of(message))

    async def emit(self, kind: str, data: JsonObject) -> None:
        """MCP has no event that a tool call could tell besides its progress."""

    async def elicit(self, ask: Ask) -> Answer | None:
        """Ask the client's user: live in the handshake era, by another round of the call on 2026-07-28."""
        if self._state is not None and (answer := self._answer_of_this_round(ask, self._state)):
            return answer
        if not _can_be_asked(self._ctx):
            return None
        if self._ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return self._ask_by_another_round(ask)
        return await self._ask_live(ask)

    async def started(self) -> None:
        """MCP does not tell its clients."""

    def input_required(self, call_id: str, needed: InputRequired | None) -> types.InputRequiredResult:
        """What the client must answer before the call can go on: the door's own ask, or what the handler needs."""
        kept = self._state.own if self._state else None  # the handler may not have been reached in this round
        own = needed.state if needed else kept
        given = self._given and replace(self._given, id=_new_id())  # the next round is approved too, once
        state = RoundState(call_id=call_id, given=given, own=own)
        if self._asked is not None:
            request, approval = self._asked
            state = replace(state, asked=approval)
            return types.InputRequiredResult(input_requests={KEY: request}, request_state=state.dump())
        requests = requests_for(self._ctx, needed or InputRequired(requests={}))
        return types.InputRequiredResult(input_requests=requests, request_state=state.dump())

    def _answer_of_this_round(self, ask: Ask, state: RoundState) -> Answer | None:
        """The answer that came with this round, or a yes that the call has had before; None for a new ask."""
        if state.given and _is_of(state.given, ask):
            return self._yes(ask, state.given, state, "the user approved this call before")
        asked, itself = state.asked, ask.call_id == state.call_id
        if asked is None or (not _is_of(asked, ask) and (state.own is not None or not itself)):
            return None  # a handler that makes calls of its own, as an agent does, has come to another one that asks
        if not _is_of(asked, ask):
            return Answer(approved=False, reason="approval was asked for another call, or under another policy")
        if not _approves((self._params.input_responses or {}).get(KEY)):
            return Answer(approved=False, reason="approval was refused by the user", spend=asked.id)
        return self._yes(ask, asked, state, "the user approved")

    def _yes(self, ask: Ask, approval: Approval, state: RoundState, reason: str) -> Answer:
        if self._clock() >= approval.expires:
            return Answer(approved=False, reason="approval was not given in time", spend=approval.id)
        if ask.call_id == state.call_id:  # and not a call that its handler makes
            self._given = approval
        return Answer(approved=True, reason=reason, spend=approval.id)

    def _ask_by_another_round(self, ask: Ask) -> Answer:
        expires = self._clock() + ask.caller.profile.approval.deadline
        approval = Approval(id=_new_id(), call_id=ask.call_id, binding=ask.binding, expires=expires)
        request = types.ElicitRequest(
            params=types.ElicitRequestFormParams(message=message_of(ask), requested_schema=FORM)
        )
        self._asked = self._asked or (request, approval)  # one at a time: what waits behind it asks in the next round
        return Answer(approved=False, reason="approval was asked of the user", status="input_required")

    async def _ask_live(self, ask: Ask) -> Answer:
        deadline = ask.caller.profile.approval.deadline
        try:
            asked = self._ctx.session.elicit_form(message_of(ask), FORM, self._ctx.request_id)
            said = await in_time(asked, deadline, FAREWELL)
        except TimeoutError:
            return Answer(approved=False, reason=f"approval was not given within {deadline:g}s")
        except (MCPError, ValueError) as error:  # the client cannot, or answers what is no answer
            return Answer(approved=False, reason=f"approval could not be asked for ({error})")
        if _approves(said):
            return Answer(approved=True, reason="the user approved")
        return Answer(approved=False, reason="approval was refused by the user")


def message_of(ask: Ask) -> str:
    """What the user reads: the tool, its arguments without secrets, why it is asked, and what it would do."""
    preview = f"\n\n{shown_text(ask.preview)}" if ask.preview else ""
    return f"Run {ask.tool} with {shown(ask.arguments)}?\n{ask.reason}{preview}"


def _is_of(approval: Approval, ask: Ask) -> bool:
    return (approval.call_id, approval.binding) == (ask.call_id, ask.binding)


def _approves(said: object) -> bool:
    return (
        isinstance(said, types.ElicitResult) and said.action == "accept" and (said.content or {}).get("approve") is True
    )


def _can_be_asked(ctx: Context) -> bool:
    declared = ctx.session.client_capabilities
    form = declared.elicitation if declared else None
    return form is not None and (form.form is not None or form.url is None)


def _new_id() -> str:
    return secrets.token_hex(8)
