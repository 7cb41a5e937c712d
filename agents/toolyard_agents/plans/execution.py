"""One plan while it is carried out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from toolyard_agents.errors import StorageConflict
from toolyard_agents.hooks.run_hooks import RunHooks, answered_at_once
from toolyard_agents.plans.plan import Plan, Step
from toolyard_agents.storage.storage import Record, Storage
from toolyard_agents.to_its_end import to_its_end
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.errors import ToolError
from toolyard_kernel.ledger.redaction import scrub

LONGEST = 2_000
"""Characters of a step's result that its plan keeps."""


@dataclass(slots=True, kw_only=True)
class Execution:
    """Makes the calls of `plan` in the name of whoever had it approved, by `gate`, whose registry holds its tools.

    `record` is how the plan stands in the storage. Nobody else changes it meanwhile: where somebody did, because this
    process was taken for dead, no further call is made. A step that the `hooks` have a gate for needs the gate's yes.
    """

    storage: Storage
    gate: Gate
    ctx: ToolContext
    plan: Plan
    record: Record
    hooks: RunHooks | None = None

    async def carry_out(self) -> Plan:
        """Make each call once, in order, until one does not end well.

        Raises:
            ToolError: somebody else took the plan over.
            StorageError: what happened cannot be kept.
        """
        try:
            for index, step in enumerate(self.plan.steps):
                await self._keep(self.plan.with_step(index, "running"))
                outcome = await self._called(index, step)
                await self._keep(self.plan.with_step(index, outcome.status, self._told(step, outcome)))
                await self.ctx.progress(index + 1, len(self.plan.steps), f"{step.tool}: {outcome.status}")
                if not outcome.ok:
                    return await self._keep(self.plan.moved("failed"))
            return await self._keep(self.plan.moved("executed"))
        except BaseException:
            await to_its_end(break_off(self.storage, self.record))
            raise

    async def _called(self, index: int, step: Step) -> Outcome:
        ctx = self.ctx
        identity = json.dumps([ctx.caller.tenant, ctx.caller.principal, self.plan.id, index])
        call = ToolCall(
            tool=step.tool,
            arguments=step.arguments,
            thread_id=ctx.thread_id,
            run_id=ctx.run_id,
            call_id=hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:16],
        )
        gate = self.gate if self.hooks is None else self.hooks.discreet(self.gate)
        return await replace(gate, approver=self._approve).call(call, ctx.caller, ctx.door)

    async def _approve(self, ask: Ask) -> Answer:
        if self.hooks and (gates := self.hooks.gates(ask.tool)):
            return await answered_at_once(gates, ask)
        return Answer(approved=True, reason=f"it is a step of plan {self.plan.id!r}, which was approved as a whole")

    def _told(self, step: Step, outcome: Outcome) -> str:
        entry = self.gate.registry.find(step.tool)
        return scrub(outcome.text, step.arguments, entry.secret if entry else frozenset())[:LONGEST]

    async def _keep(self, plan: Plan) -> Plan:
        try:
            self.record = await self.storage.put(self.record.key, plan.dump(), version=self.record.version)
        except StorageConflict as conflict:
            raise ToolError(
                f"plan {plan.id!r} was taken over by another process: no further call is made; see get_plan"
            ) from conflict
        self.plan = plan
        await self.ctx.emit("plan_status", plan.told())
        return plan


async def break_off(storage: Storage, record: Record) -> Record:
    """Say that nobody carries a plan out any more; one that has ended stays as it is.

    Raises:
        StorageConflict: somebody else changed it in the same moment.
        StorageError: it cannot be kept.
    """
    now = await storage.get(record.key) or record
    plan = Plan.load(now.value, now.key.id)
    if plan.status != "executing":
        return now
    return await storage.put(now.key, plan.broken_off().dump(), version=now.version)
