"""Threads in a storage: each change is there before anything that follows from it happens."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio

from toolyard_agents.agent import Agent
from toolyard_agents.events import AgentEvent
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.lines import to_line
from toolyard_agents.state.state import State
from toolyard_agents.state.traces import parse
from toolyard_agents.storage.leases import leased
from toolyard_agents.storage.storage import Key, Scope, Storage
from toolyard_agents.threads.turns import Turns
from toolyard_agents.to_its_end import to_its_end
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName


@dataclass(slots=True, kw_only=True)
class StoredThread:
    """`state` is what was said, `kept` how many of its entries are in the storage."""

    storage: Storage
    key: Key
    state: State
    kept: int
    _one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock, repr=False)

    async def flush(self) -> None:
        """Keep what is new in the state.

        Raises:
            StorageConflict: the conversation has gone on elsewhere.
            StorageError: it cannot be kept.
        """
        async with self._one_at_a_time:
            if self.kept < len(self.state.entries):
                await to_its_end(self._flush())  # or nobody would know how much is there

    async def _flush(self) -> None:
        new = self.state.entries[self.kept :]
        lines = [to_line(entry).decode().rstrip("\n") for entry in new]
        await self.storage.append(self.key, lines, after=self.kept)
        self.kept += len(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredThreads:
    """Threads in a storage that other processes may share; a thread is run by one of them at a time."""

    storage: Storage
    turns: Turns = field(default_factory=Turns)

    @asynccontextmanager
    async def session(self, agent: Agent, context: RunContext, thread_id: str | None) -> AsyncGenerator[Session]:
        async with self.held(context.caller, thread_id or secrets.token_hex(16)) as held:
            thread = await self.open(context.caller, agent, held)
            if thread_id is not None and not thread.kept:
                raise UnknownName(f"no conversation of yours with {agent.name!r} has this id")

            async def keep(event: AgentEvent) -> None:
                await thread.flush()

            yield Session(agent, state=thread.state, context=replace(context, keep=keep))

    @asynccontextmanager
    async def held(
        self, caller: Caller, thread_id: str, lost: Callable[[str], None] | None = None
    ) -> AsyncGenerator[str]:
        """Wait until the thread is free in this process, and hold it; `lost` hears that another took it over.

        Raises:
            SessionBusy: another process runs it.
            StorageError: the storage cannot be used.
        """
        scope = scope_of(caller)
        lease = Key(scope=scope, kind="lease", id=json.dumps(["thread", thread_id]))
        async with self.turns.taken(lease), leased(self.storage, lease, f"thread {thread_id!r}", lost):
            yield thread_id

    async def open(self, caller: Caller, agent: Agent, thread_id: str) -> StoredThread:
        """The caller's thread with an agent; a run in it that broke off with its process has ended as an error.

        Raises:
            TraceError: what is kept of it is damaged.
            StorageError: it cannot be read.
        """
        key = Key(scope=scope_of(caller), kind="thread", id=json.dumps([agent.name, thread_id]))
        lines = await self.storage.lines(key)
        state = _restored(lines, f"thread {thread_id!r} of {agent.name}") if lines else State(thread_id)
        if state.status == "running":
            state.end_run("error", at=state.entries[-1].time)  # as far as anybody knows; the time since is not its own
        return StoredThread(storage=self.storage, key=key, state=state, kept=len(lines))


def scope_of(caller: Caller) -> Scope:
    """Where a caller's own things are."""
    return Scope(tenant=caller.tenant, owner=caller.principal)


def _restored(lines: Sequence[str], name: str) -> State:
    text = "".join(f"{line}\n" for line in lines)
    return State.from_entries(parse(text.encode(), name).entries, name)
