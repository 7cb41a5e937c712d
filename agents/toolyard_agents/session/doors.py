"""The way back from a call that an agent makes: to those who watch the run, and to whoever called the agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolyard_agents.hooks.run_hooks import RunHooks
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.state.waiting import CallPath
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.content import JsonObject

if TYPE_CHECKING:
    from toolyard_agents.session.parent_run import ParentRun


@dataclass(slots=True, kw_only=True)
class CallDoor:
    """One call. `outer` is the door that the agent itself was called through: whoever is there can be asked.

    `given` are the answers to asks of the run that the call delegated to. `approved` is the binding of the approval
    that the call had. `begins` hears that the handler runs now. `waits` says why the call cannot be answered yet;
    `said` is what whoever approved it said.
    """

    emitter: Emitter
    outer: Door
    call_id: str
    tool: str
    arguments: JsonObject
    parent: ParentRun
    begins: Callable[[], None]
    given: Mapping[CallPath, bool] = field(default_factory=dict[CallPath, bool])
    approved: str | None = None
    waits: str | None = None
    said: str | None = None
    begun: bool = False

    @property
    def wire(self) -> Any:
        return self.outer.wire

    @property
    def resumed(self) -> None:
        return None

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        progress = {"progress": value, "total": total}
        await self.emitter.emit(
            "tool_progress", tool_name=self.tool, tool_call_id=self.call_id, content=message, tool_metadata=progress
        )

    async def emit(self, kind: str, data: JsonObject) -> None:
        told = {"tool_name": self.tool, "tool_call_id": self.call_id}
        if kind == "plan_status":
            await self.emitter.emit("plan_status", tool_metadata=data, **told)
        else:
            await self.emitter.emit("custom", content=kind, tool_metadata=data, **told)

    async def elicit(self, ask: Ask) -> Answer | None:
        await self.tell(ask)
        answer = await self.outer.elicit(ask)
        if answer is not None:
            self.hear(ask, answer)
        return answer

    async def tell(self, ask: Ask, approval_id: str | None = None) -> None:
        """Tell those who watch that somebody is asked; they may answer by the id, if there is one."""
        await self.emitter.emit(
            "approval_required",
            tool_name=ask.tool,
            tool_call_id=self.call_id,
            tool_args=ask.arguments,
            content=ask.reason,
            tool_metadata={"preview": ask.preview} if ask.preview else None,
            approval_id=approval_id,
        )

    def hear(self, ask: Ask, answer: Answer) -> None:
        """Keep what was said to the model, and what was approved, for a call that has to be made again to go on."""
        self.said = answer.feedback
        if answer.approved and answer.arguments is None:
            self.approved = ask.binding

    async def started(self) -> None:
        if self.begun:
            return
        self.begun = True
        self.begins()
        await self.emitter.emit("tool_start", tool_name=self.tool, tool_call_id=self.call_id, tool_args=self.arguments)


def hooks_at(door: Door) -> RunHooks | None:
    """The hooks of the run that a call was made in, if it was made in one."""
    return door.parent.context.hooks if isinstance(door, CallDoor) else None
