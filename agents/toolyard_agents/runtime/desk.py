"""The approval desk, as the runs of one thread use it."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.runtime.approvals import ApprovalDesk, OpenAsk
from toolyard_kernel.approvals.asks import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadDesk:
    """Lays the asks of a thread on the runtime's desk."""

    approvals: ApprovalDesk
    thread_id: str

    async def open(self, ask: Ask, *, agent: str, run_id: str, tool_call_id: str) -> OpenAsk:
        """Keep an ask until somebody answers it.

        Raises:
            StorageError: it cannot be kept, so nobody could answer it.
        """
        return await self.approvals.open(
            ask, agent=agent, thread_id=self.thread_id, run_id=run_id, tool_call_id=tool_call_id
        )
