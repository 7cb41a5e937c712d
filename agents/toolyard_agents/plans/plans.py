"""The plans of one tenant: kept in its storage, seen by the caller they are for, carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio

from toolyard_agents.errors import SessionBusy, StorageConflict
from toolyard_agents.plans.plan import Plan, PlanStatus, Step
from toolyard_agents.storage.leases import is_held, leased
from toolyard_agents.storage.storage import Key, Record, Scope, Storage
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.registry import Registry

LONGEST = 2_000
"""Characters of a step's result that its plan keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """`gate` makes the calls of a plan; its `registries` hold the tools that plans of each kind may call."""

    storage: Storage
    gate: Gate
    registries: Mapping[str, Registry]

    async def propose(self, ctx: ToolContext, plan: Plan) -> Plan:
        """Keep a new plan.

        Raises:
            ToolError: there is one of this id.
        """
        try:
            await self.storage.put(_key(ctx.caller, plan.id), plan.dump(), version=0)
        except StorageConflict as conflict:
            raise ToolError(f"there is a plan {plan.id!r} already; give the new one another id") from conflict
        await ctx.emit("plan_status", plan.told())
        return plan

    async def get(self, caller: Caller, name: str, id: str) -> Plan:
        """The plan, as far as it has come. One that broke off with its process has failed.

        Raises:
            ToolError: the caller has no plan of this id, or it is of another kind.
        """
        return Plan.load((await self._record(caller, name, id)).value, id)

    async def ask(self, ctx: ToolContext, name: str, id: str) -> Plan:
        """Say that somebody is asked whether the plan may be carried out.

        Raises:
            ToolError: there is no such plan, or it cannot be carried out any more.
        """
        plan = await self.get(ctx.caller, name, id)
        if plan.status == "pending_approval":
            return plan
        return await self._move(ctx, name, id, "pending_approval")

    async def decline(self, ctx: ToolContext, name: str, id: str) -> None:
        """Say that the plan was not approved."""
        plan = await self.get(ctx.caller, name, id)
        if plan.status == "pending_approval":
            await self._move(ctx, name, id, "rejected")

    async def execute(self, ctx: ToolContext, name: str, id: str) -> Plan:
        """Carry out a plan that was approved: each call once, in order, until one does not end well.

        Raises:
            ToolError: it cannot be carried out, or is being carried out elsewhere.
        """
        try:
            async with leased(self.storage, _lease(ctx.caller, id), f"plan {id!r}"):
                plan = await self._move(ctx, name, id, "approved", "executing")
                return await self._carried_out(ctx, plan)
        except SessionBusy as busy:
            raise ToolError(str(busy)) from busy

    async def _carried_out(self, ctx: ToolContext, plan: Plan) -> Plan:
        try:
            for index, step in enumerate(plan.steps):
                await self._keep_step(ctx, plan, index, "running")
                outcome = await self._called(ctx, plan, index, step)
                plan = await self._keep_step(ctx, plan, index, outcome.status, outcome.text[:LONGEST])
                await ctx.progress(index + 1, len(plan.steps), f"{step.tool}: {outcome.status}")
                if not outcome.ok:
                    return await self._move(ctx, plan.name, plan.id, "failed")
            return await self._move(ctx, plan.name, plan.id, "executed")
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._break_off(ctx.caller, plan)
            raise

    async def _called(self, ctx: ToolContext, plan: Plan, index: int, step: Step) -> Outcome:
        identity = json.dumps([ctx.caller.tenant, ctx.caller.principal, plan.id, index])
        call = ToolCall(
            tool=step.tool,
            arguments=step.arguments,
            thread_id=ctx.thread_id,
            run_id=ctx.run_id,
            call_id=hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:16],
        )
        gate = replace(self.gate, registry=self.registries[plan.name], approver=_approved_with(plan))
        return await gate.call(call, ctx.caller, ctx.door)

    async def _keep_step(
        self, ctx: ToolContext, plan: Plan, index: int, status: Any, result: str | None = None
    ) -> Plan:
        record = await self._record(ctx.caller, plan.name, plan.id, running=True)
        plan = Plan.load(record.value, plan.id).with_step(index, status, result)
        await self._put(record, plan)
        await ctx.emit("plan_status", plan.told())
        return plan

    async def _move(self, ctx: ToolContext, name: str, id: str, *statuses: PlanStatus) -> Plan:
        """Take the plan through these statuses, all at once."""
        record = await self._record(ctx.caller, name, id, running=True)
        plan = Plan.load(record.value, id)
        ways = [plan := plan.moved(status) for status in statuses]
        await self._put(record, plan)
        for way in ways:
            await ctx.emit("plan_status", way.told())
        return plan

    async def _break_off(self, caller: Caller, plan: Plan) -> Record | None:
        record = await self.storage.get(_key(caller, plan.id))
        if record is None:
            return None
        now = Plan.load(record.value, plan.id)
        return await self._put(record, now.broken_off()) if now.status == "executing" else record

    async def _put(self, record: Record, plan: Plan) -> Record:
        try:
            return await self.storage.put(record.key, plan.dump(), version=record.version)
        except StorageConflict as conflict:
            raise ToolError(
                f"plan {plan.id!r} was changed in the same moment; get_plan tells how it stands"
            ) from conflict

    async def _record(self, caller: Caller, name: str, id: str, *, running: bool = False) -> Record:
        """The record; `running` says that whoever asks carries the plan out itself."""
        record = await self.storage.get(_key(caller, id))
        plan = None if record is None else Plan.load(record.value, id)
        if record is None or plan is None or plan.name != name:
            raise ToolError(f"there is no plan {id!r} of the kind {name!r}; propose_plan makes one")
        if plan.status == "executing" and not running and not await is_held(self.storage, _lease(caller, id)):
            return await self._break_off(caller, plan) or record
        return record


def _approved_with(plan: Plan) -> Any:
    def approve(ask: Ask) -> Answer:
        return Answer(approved=True, reason=f"it is a step of plan {plan.id!r}, which was approved as a whole")

    return approve


def _key(caller: Caller, id: str) -> Key:
    return Key(scope=Scope(tenant=caller.tenant, owner=caller.principal), kind="plan", id=id)


def _lease(caller: Caller, id: str) -> Key:
    return Key(scope=Scope(tenant=caller.tenant, owner=caller.principal), kind="lease", id=json.dumps(["plan", id]))
