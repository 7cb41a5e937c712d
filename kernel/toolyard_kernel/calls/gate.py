"""The gate: the one door every call goes through, whoever makes it.

find → validate → decide → ask → record → run under a deadline → record → result
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from msgspec import structs

from toolyard_kernel.approvals.asks import Answer, Approver, Ask
from toolyard_kernel.approvals.binding import binding_of, bound_to
from toolyard_kernel.approvals.edits import completed
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.admission import Admitted, Refusal
from toolyard_kernel.calls.asking import answer
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decisions import Decision, refuse, unknown
from toolyard_kernel.calls.doors import NO_DOOR, Door
from toolyard_kernel.calls.execution import Execution
from toolyard_kernel.calls.observing import Observer
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.calls.previews import decline, preview_of
from toolyard_kernel.calls.tally import NO_TOOL, Tally
from toolyard_kernel.changes import Changes
from toolyard_kernel.content import JsonObject
from toolyard_kernel.effects import Effect
from toolyard_kernel.errors import InvalidArguments, LedgerError, ToolError, UnknownName
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.ledger.redaction import scrub, without_secrets
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.references.overflow import RESOLVE, Overflow
from toolyard_kernel.references.store import ReferenceStore
from toolyard_kernel.tools.registry import Registered, Registry
from toolyard_kernel.tools.tool import NO_EFFECTS

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Decides, records and runs calls of the tools in `registry`.

    `approver` answers asks before the caller's profile does; `services` and `changes` reach every handler; `running`
    holds the tools of the handlers that run now, each under a key of its own. `bound` is what no caller may go beyond
    here, whatever its profile grants. `references` keep the whole of results that are too long. `observer` sees calls,
    and `tally` counts them.
    """

    registry: Registry
    recorder: Recorder
    approvals: Approvals
    services: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    approver: Approver | None = None
    changes: Changes = field(default_factory=Changes)
    running: dict[object, str] = field(default_factory=dict[object, str])
    bound: PermissionProfile | None = None
    references: ReferenceStore | None = None
    observer: Observer | None = None
    tally: Tally = field(default_factory=Tally)

    def visible(self, caller: Caller) -> Iterator[Registered]:
        """The tools that exist for this caller, in the order of their names."""
        profile = self.bounded(caller).profile
        return (entry for entry in self.registry if entry.decided.under(profile).verdict != "deny")

    def allows(self, entry: Registered, caller: Caller) -> bool:
        """Whether the tool exists for this caller: it may be called, or asked for."""
        return entry.decided.under(self.bounded(caller).profile).verdict != "deny"

    def may_ask(self, entry: Registered, caller: Caller) -> bool:
        """Whether there are calls of the tool that somebody is asked for before they run."""
        profile = self.bounded(caller).profile
        kinds = (NO_EFFECTS, *(frozenset[Effect]({effect}) for effect in entry.tool.may))
        return any(entry.decided.under(profile, more).verdict == "ask" for more in kinds)

    def explain(self, call: ToolCall, caller: Caller) -> Decision:
        """What would be decided, and why; nothing runs and nothing is recorded."""
        try:
            return self._decided(call, self.bounded(caller)).decision
        except Refusal as refusal:
            return refusal.decision

    def call(self, call: ToolCall, caller: Caller, door: Door = NO_DOOR) -> Coroutine[Any, Any, Outcome]:
        """Make the call, which has one decided and recorded outcome, by its deadline. To be awaited.

        Raises:
            asyncio.CancelledError: the caller is gone; the handler was stopped, and the ledger says `cancelled`.
        """
        made = self._made(call, caller, door)
        return self.observer(call, self.registry, made) if self.observer else made

    async def _made(self, call: ToolCall, caller: Caller, door: Door) -> Outcome:
        caller = self.bounded(caller)
        try:
            admitted = self._decided(call, caller)
            if admitted.decision.verdict == "ask":
                admitted = await self._approved(admitted, caller, door)
            recorded = self._record_start(admitted, caller)
            if recorded is not None:
                await self._synced(recorded, admitted)
        except Refusal as refusal:
            return self._refused(refusal, call, caller)
        except asyncio.CancelledError:
            self._refused(Refusal("cancelled", refuse("caller", "the caller left while it was asked")), call, caller)
            raise
        return await self._run_and_record(admitted, caller, door)

    def refuse(self, call: ToolCall, caller: Caller, rule: str, reason: str) -> Outcome:
        """Record a call that a door refused, and say how it ended."""
        return self._refused(Refusal("denied", refuse(rule, reason)), call, caller)

    async def _kept(self, caller: Caller, whole: str) -> str:
        """Where a result that is too long can be read, in words; nothing when it is not kept."""
        if self.references is None:
            return ""
        reader = self.registry.find(RESOLVE)
        has_tool = reader is not None and self.allows(reader, caller)
        return await Overflow(store=self.references, has_tool=has_tool).kept(caller, whole)

    def bounded(self, caller: Caller) -> Caller:
        """The caller as it is here: its profile goes no further than `bound`."""
        if self.bound is None:
            return caller
        profile = _both(caller.profile, self.bound)  # pyright: ignore[reportArgumentType] - a frozen model has a hash
        return replace(caller, profile=profile)

    def _decided(self, call: ToolCall, caller: Caller) -> Admitted:
        """Find, validate, decide. A tool that the caller may not have is not found."""
        entry = self.registry.find(call.tool)
        if entry is None:
            raise Refusal("denied", unknown(call.tool), hidden=True)
        decision = entry.decided.under(caller.profile)
        if decision.verdict == "deny":
            raise Refusal("denied", decision, entry, hidden=True)
        try:
            arguments = entry.parse(call.arguments)
        except InvalidArguments as error:
            raise Refusal("tool_error", refuse("input_schema", f"invalid arguments: {error}"), entry) from error
        return Admitted(call, entry, self._decided_on(arguments, entry, decision, caller), arguments)

    def _decided_on(self, arguments: Any, entry: Registered, decision: Decision, caller: Caller) -> Decision:
        """Decide again where these arguments do more than every call of the tool does."""
        try:
            more = entry.tool.call_effects(arguments, caller.profile)
            if more and (undeclared := more - entry.tool.may):
                raise ValueError(f"effects that its `may` does not declare: {sorted(undeclared)}")  # noqa: TRY301
        except Exception as error:
            log.exception("what a call of %r would do cannot be told", entry.name)
            raise Refusal("denied", refuse("effects", "what this call would do cannot be told"), entry) from error
        if not more:
            return decision
        decision = entry.decided.under(caller.profile, more)
        if decision.verdict == "deny":
            raise Refusal("denied", decision, entry)
        return decision

    async def _approved(self, admitted: Admitted, caller: Caller, door: Door) -> Admitted:
        """Ask; an answer with other arguments is validated and decided again, and an approval is used up here."""
        call, entry, decision = admitted.call, admitted.entry, admitted.decision
        binding = self._binding(call, entry, caller)
        preview = await self._preview(admitted, caller, door)
        ask = Ask(
            call_id=call.call_id,
            tool=call.tool,
            arguments=without_secrets(call.arguments, entry.secret),
            reason=decision.reason,
            caller=caller,
            binding=bound_to(binding, preview),
            secret=entry.secret,
            preview=preview,
        )
        given = await self._answered(ask, door, entry)
        if not given.approved:
            if given.status == "denied":
                await decline(admitted, caller, door, self.services)
            raise Refusal(given.status, refuse(decision.rule, f"{given.reason}: {decision.reason}"), entry)
        if given.arguments is not None:
            call = structs.replace(call, arguments=self._edited(given.arguments, ask, call, entry))
        return self._decided(call, caller)  # also without an edit: the tool may be gone by now

    async def _preview(self, admitted: Admitted, caller: Caller, door: Door) -> str | None:
        call, secret = admitted.call, admitted.entry.secret
        try:
            shown = await preview_of(admitted, caller, door, self.services)
        except ToolError as error:
            said = scrub(str(error), call.arguments, secret)
            raise Refusal("tool_error", refuse("preview", said), admitted.entry) from error
        return None if shown is None else scrub(shown, call.arguments, secret)

    def _binding(self, call: ToolCall, entry: Registered, caller: Caller) -> str:
        try:
            return binding_of(entry.tool, call.arguments, caller)
        except (TypeError, ValueError, RecursionError) as error:  # a Python caller's, under a schema that takes them
            reason = f"invalid arguments: not JSON, so that no approval could be bound to them: {error}"
            raise Refusal("tool_error", refuse("input_schema", reason), entry) from error

    def _edited(self, edited: JsonObject, ask: Ask, call: ToolCall, entry: Registered) -> JsonObject:
        try:
            return completed(edited, ask.arguments, call.arguments, entry.secret)
        except (TypeError, ValueError) as error:  # an approver's may not be JSON at all
            raise Refusal("tool_error", refuse("input_schema", f"invalid arguments: {error}"), entry) from error

    async def _answered(self, ask: Ask, door: Door, entry: Registered) -> Answer:
        try:
            given = await answer(ask, self.approver, door, self.approvals)
            if given.spend is not None and not self.approvals.spend(given.spend):
                return Answer(approved=False, reason="this approval was used before: one answer to one ask")
        except (LedgerError, UnknownName) as error:
            log.error("%s", error)  # noqa: TRY400 - the message says it all
            reason = "approvals cannot be kept, so the call was not made; the server's log says why"
            raise Refusal("denied", refuse("approvals", reason), entry) from error
        return given

    def _record_start(self, admitted: Admitted, caller: Caller) -> Awaitable[None] | None:
        try:
            return self.recorder.started(admitted.call, caller, admitted.decision, admitted.entry)
        except LedgerError as error:
            raise _unrecorded(error, admitted) from error

    async def _synced(self, recorded: Awaitable[None], admitted: Admitted) -> None:
        try:
            await self.recorder.synced(recorded)
        except LedgerError as error:
            raise _unrecorded(error, admitted) from error

    def _refused(self, refusal: Refusal, call: ToolCall, caller: Caller) -> Outcome:
        outcome = refusal.outcome(call)
        self.recorder.refused(call, caller, outcome, refusal.entry)
        entry = None if refusal.hidden else refusal.entry  # what was counted must not tell who guesses a name
        self.tally.refused(entry.name if entry else NO_TOOL, outcome.status)
        return outcome

    async def _run_and_record(self, admitted: Admitted, caller: Caller, door: Door) -> Outcome:
        execution = Execution(admitted, caller, door, self.services, self.changes, self._kept)
        ended: Outcome | None = None
        self.running[execution] = admitted.call.tool
        try:
            if door is not NO_DOOR:
                await door.started()
            ended = outcome = await execution.run()
        finally:  # a cancelled call is recorded too
            del self.running[execution]
            ended = execution.outcome("cancelled") if ended is None else ended
            synced = self.recorder.ended(admitted.call, caller, ended, admitted.entry)
            self.tally.ran(admitted.call.tool, ended)
        if synced is not None:
            await self.recorder.settled(synced)
        return outcome


def _unrecorded(error: LedgerError, admitted: Admitted) -> Refusal:
    log.error("%s", error)
    reason = "the call could not be recorded, so it was not made; the server's log says why"
    return Refusal("denied", refuse("ledger", reason), admitted.entry)


@lru_cache(maxsize=256)  # the same two are one profile, whose decisions are known
def _both(profile: PermissionProfile, bound: PermissionProfile) -> PermissionProfile:
    return profile & bound
