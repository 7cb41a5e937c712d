"""A plan and its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter

from toolyard_agents.storage.values import dumped, loaded
from toolyard_kernel.calls.outcomes import Status
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ToolError

PlanStatus = Literal["draft", "pending_approval", "approved", "executing", "executed", "failed", "rejected"]
StepStatus = Literal["not_done", "running"] | Status

LIFE: dict[PlanStatus, tuple[PlanStatus, ...]] = {
    "draft": ("pending_approval",),
    "pending_approval": ("approved", "rejected"),
    "rejected": ("pending_approval",),  # whoever said no may be asked again
    "approved": ("executing",),
    "executing": ("executed", "failed"),
    "executed": (),
    "failed": (),
}
"""What may follow on each status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call. `status` is how it ended; `unknown` says that it was begun, and nobody knows what became of it."""

    tool: str
    arguments: JsonObject
    status: StepStatus = "not_done"
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls in their order. `name` is what kind of plan it is, `by` the agent that proposed it."""

    id: str
    name: str
    steps: tuple[Step, ...]
    by: str
    title: str = ""
    status: PlanStatus = "draft"

    def moved(self, status: PlanStatus) -> Plan:
        """The plan in another status.

        Raises:
            ToolError: it cannot follow on the one it has.
        """
        if status not in LIFE[self.status]:
            raise ToolError(f"plan {self.id!r} is {shown(self.status)}, so it cannot become {shown(status)}")
        return replace(self, status=status)

    def with_step(self, index: int, status: StepStatus, result: str | None = None) -> Plan:
        """The plan with another status of one step."""
        step = replace(self.steps[index], status=status, result=result)
        return replace(self, steps=(*self.steps[:index], step, *self.steps[index + 1 :]))

    def broken_off(self) -> Plan:
        """The plan after whoever carried it out is gone: of a step that was begun nobody knows what became of it."""
        steps = tuple(replace(step, status="unknown") if step.status == "running" else step for step in self.steps)
        return replace(self, steps=steps).moved("failed")

    def dump(self) -> str:
        return dumped(self)

    @classmethod
    def load(cls, text: str, id: str) -> Plan:
        """What a storage kept.

        Raises:
            StorageError: it is damaged.
        """
        return loaded(_PLAN, text, f"plan {id!r}")

    def told(self) -> dict[str, Any]:
        """What events tell: the steps without their arguments."""
        steps = [{"tool": step.tool, "status": step.status} for step in self.steps]
        return {"plan_id": self.id, "name": self.name, "status": self.status, "steps": steps}


def shown(status: PlanStatus) -> str:
    return status.replace("_", " ")


_PLAN = TypeAdapter(Plan)
