"""Whose conversations there are, and where."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from toolyard_agents.agent import Agent
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session


class Threads(Protocol):
    """Threads of callers, each with an agent: no caller can name another's."""

    def session(self, agent: Agent, context: RunContext, thread_id: str | None) -> AbstractAsyncContextManager[Session]:
        """A session of the thread, or of a new one without an id; its changes are kept as they come.

        Raises:
            UnknownName: `context.caller` has no such thread with this agent.
            SessionBusy: it is running.
            StorageError, OSError: it cannot be kept.
        """
        ...
