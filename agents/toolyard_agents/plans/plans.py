"""The plans of one tenant: kept in its storage, seen by the caller they are for, carried out once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from toolyard_agents.errors import SessionBusy, StorageConflict
from toolyard_agents.hooks.run_hooks import RunHooks
from toolyard_agents.plans.execution import Execution, break_off
from toolyard_agents.plans.plan import Plan, PlanStatus
from toolyard_agents.session.doors import hooks_at
from toolyard_agents.storage.leases import is_held, leased
from toolyard_agents.storage.storage import Key, Record, Scope, Storage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.errors import ToolError
from toolyard_kernel.tools.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """`gate` makes the calls of a plan; its `registries` hold the tools that plans of each kind may call.

    `hooks` are the runtime's: their approval gates answer for the single steps.
    """

    storage: Storage
    gate: Gate
    registries: Mapping[str, Registry]
    hooks: RunHooks | None = None

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
        return (await self._moved(ctx, name, id, "pending_approval"))[0]

    async def decline(self, ctx: ToolContext, name: str, id: str) -> None:
        """Say that the plan was not approved."""
        plan = await self.get(ctx.caller, name, id)
        if plan.status == "pending_approval":
            await self._moved(ctx, name, id, "rejected")

    async def execute(self, ctx: ToolContext, name: str, id: str) -> Plan:
        """Carry out a plan that was approved: each call once, in order, until one does not end well.

        Raises:
            ToolError: it cannot be carried out, or is being carried out elsewhere.
        """
        try:
            async with leased(self.storage, _lease(ctx.caller, id), f"plan {id!r}"):
                plan, record = await self._moved(ctx, name, id, "approved", "executing")
                gate = replace(self.gate, registry=self.registries[name])
                hooks = hooks_at(ctx.door) or self.hooks
                running = Execution(storage=self.storage, gate=gate, ctx=ctx, plan=plan, record=record, hooks=hooks)
                return await running.carry_out()
        except SessionBusy as busy:
            raise ToolError(str(busy)) from busy

    async def _moved(self, ctx: ToolContext, name: str, id: str, *statuses: PlanStatus) -> tuple[Plan, Record]:
        """Take the plan through these statuses, all at once."""
        record = await self._record(ctx.caller, name, id)
        plan = Plan.load(record.value, id)
        ways = [plan := plan.moved(status) for status in statuses]
        try:
            record = await self.storage.put(record.key, plan.dump(), version=record.version)
        except StorageConflict as conflict:
            raise ToolError(f"plan {id!r} was changed in the same moment; get_plan tells how it stands") from conflict
        for way in ways:
            await ctx.emit("plan_status", way.told())
        return plan, record

    async def _record(self, caller: Caller, name: str, id: str) -> Record:
        record = await self.storage.get(_key(caller, id))
        plan = None if record is None else Plan.load(record.value, id)
        if record is None or plan is None or plan.name != name:
            raise ToolError(f"there is no plan {id!r} of the kind {name!r}; propose_plan makes one")
        if plan.status == "executing" and not await is_held(self.storage, _lease(caller, id)):
            with suppress(StorageConflict):  # it has just ended
                return await break_off(self.storage, record)
        return record


def _key(caller: Caller, id: str) -> Key:
    return Key(scope=Scope(tenant=caller.tenant, owner=caller.principal), kind="plan", id=id)


def _lease(caller: Caller, id: str) -> Key:
    return Key(scope=Scope(tenant=caller.tenant, owner=caller.principal), kind="lease", id=json.dumps(["plan", id]))
