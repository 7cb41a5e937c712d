"""Threads as folders below the state folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.store.store import SessionStore
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName

FOLDER = "threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderThreads:
    """Threads below `state`, those of each caller and agent in a folder that no other caller can name."""

    state: Path

    @asynccontextmanager
    async def session(self, agent: Agent, context: RunContext, thread_id: str | None) -> AsyncGenerator[Session]:
        session = self._session(agent, context.caller, thread_id)
        session.context = context
        yield session

    def _session(self, agent: Agent, caller: Caller, thread_id: str | None) -> Session:
        owner = hashlib.sha256(json.dumps([caller.tenant, caller.id, agent.name]).encode()).hexdigest()[:24]
        store = SessionStore(self.state / FOLDER / owner)
        if thread_id is None:
            return store.create_session(agent)
        try:
            return store.resume(thread_id, agent)
        except (LookupError, ValueError) as error:
            raise UnknownName(f"no conversation of yours with {agent.name!r} has this id") from error
