"""How far a run is, told to whoever called its agent."""

from __future__ import annotations

from toolyard_agents.events import AgentEvent
from toolyard_kernel.calls.context import ToolContext

TOLD = frozenset({"step_start", "tool_start", "tool_end", "tool_blocked", "approval_required", "agent_start"})
"""Events that a client hears of as progress."""


class Progress:
    """Counts the events of a run, and tells some of them."""

    def __init__(self, ctx: ToolContext) -> None:
        self._ctx = ctx
        self._count = 0

    async def hear(self, event: AgentEvent) -> None:
        self._count += 1
        if event.type in TOLD:
            message = " ".join(part for part in (f"{event.agent}:", event.type, event.tool_name) if part)
            await self._ctx.progress(self._count, message=message)
