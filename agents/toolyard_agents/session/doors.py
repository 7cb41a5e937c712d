"""The way back from a call that an agent makes: to those who watch the run, and to whoever called the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolyard_agents.session.approving import tell
from toolyard_agents.session.emitting import Emitter
from toolyard_agents.session.parent_run import ParentRun
from toolyard_kernel.approvals.asks import Answer, Ask
from toolyard_kernel.calls.doors import Door
from toolyard_kernel.content import JsonObject


@dataclass(slots=True, kw_only=True)
class CallDoor:
    """One call. `outer` is the door that the agent itself was called through: whoever is there can be asked."""

    emitter: Emitter
    outer: Door
    call_id: str
    tool: str
    arguments: JsonObject
    parent: ParentRun | None = None
    begun: bool = False

    @property
    def wire(self) -> Any:
        return self.outer.wire

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
        await tell(self.emitter, ask, self.call_id)
        return await self.outer.elicit(ask)

    async def started(self) -> None:
        if self.begun:
            return
        self.begun = True
        await self.emitter.emit("tool_start", tool_name=self.tool, tool_call_id=self.call_id, tool_args=self.arguments)
