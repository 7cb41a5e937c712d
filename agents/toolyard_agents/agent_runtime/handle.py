"""`AgentHandle`: a run that goes on in the background."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.results import RunResult
from toolyard_agents.state.entries import EndStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHandle:
    """Watches and ends a dispatched run; `token` is the one it was dispatched with."""

    task: asyncio.Task[RunResult]
    token: CancellationToken

    def done(self) -> bool:
        return self.task.done()

    def cancel(self, reason: str = "cancelled") -> None:
        """End the run; whoever else holds its token learns of it."""
        self.token.cancel(reason)

    async def wait(self) -> RunResult:
        """The result. Whoever waits may be cancelled without ending the run.

        Raises:
            Exception: what kept the run from beginning.
        """
        return await asyncio.shield(self.task)

    @property
    def status(self) -> Literal["running"] | EndStatus:
        if not self.task.done():
            return "running"
        if self.task.cancelled():
            return "cancelled"
        return "error" if self.task.exception() else self.task.result().status
