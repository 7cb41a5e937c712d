"""One prompt to one agent of a runtime, as a stream of its events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import TERMINAL, AgentEvent
from toolyard_agents.opened import opened_behind
from toolyard_agents.runtime.approvals import Approvals
from toolyard_agents.runtime.desk import ThreadDesk
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.state import Status
from toolyard_agents.streaming import Deliver, streamed
from toolyard_agents.threads.events import EventLog, open_events
from toolyard_agents.threads.stored import StoredThread, StoredThreads, scope_of
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.tools.opening import OpenToolkits

Event = dict[str, Any]
ENDING = 5.0
"""Seconds that runs have to end when the runtime is closed."""
GOES_ON: frozenset[Status] = frozenset({"interrupted", "cancelled", "error"})
"""How a last run ended that goes on when its reader comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A prompt in a thread. `resume` is the number of the last event that the reader has, when it comes back."""

    agent: Agent
    prompt: str
    thread_id: str
    resume: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs queries of `caller`, one after the other in each thread."""

    gate: Gate
    caller: Caller
    threads: StoredThreads
    approvals: Approvals
    open_toolkits: OpenToolkits
    under_way: dict[CancellationToken, anyio.Event] = field(default_factory=dict[CancellationToken, anyio.Event])

    def events(self, query: Query) -> AsyncGenerator[Event]:
        """What happens, as it happens: a slow reader slows the run, and one that leaves cancels it."""

        async def start(deliver: Deliver[Event], token: CancellationToken) -> None:
            self.under_way[token] = anyio.Event()
            try:
                await self._run(query, deliver, token)
            finally:
                self.under_way.pop(token).set()

        return streamed(start)  # no generator around it: a loop that ends closes both at once, and the outer one fails

    async def close(self) -> None:
        """Cancel what runs, and wait for its end."""
        with anyio.move_on_after(ENDING):
            for token, ended in tuple(self.under_way.items()):
                token.cancel("the runtime was closed")
                await ended.wait()

    async def _run(self, query: Query, deliver: Deliver[Event], token: CancellationToken) -> None:
        storage = self.threads.storage
        async with self.threads.held(self.caller, query.thread_id):
            events = await open_events(storage, scope_of(self.caller), query.thread_id)
            if query.resume is not None:
                await _replay(events, query.resume, deliver)
            thread = await self.threads.open(self.caller, query.agent, query.thread_id)
            if query.resume is not None and thread.state.status == "completed":
                return
            await self._drive(query, thread, _Recorder(thread=thread, events=events, deliver=deliver), token)

    async def _drive(self, query: Query, thread: StoredThread, recorder: _Recorder, token: CancellationToken) -> None:
        agent, goes_on = query.agent, query.resume is not None and thread.state.status in GOES_ON
        async with (
            self.open_toolkits.held(),
            agent.open_toolkits.held(),
            opened_behind(self.gate, agent) as open_agent,
        ):
            context = RunContext(
                caller=self.caller,
                trusted=True,
                opened=open_agent,
                desk=ThreadDesk(approvals=self.approvals, thread_id=query.thread_id),
                keep=recorder.keep,
            )
            session = Session(agent, state=thread.state, context=context)
            await (session.resume(token=token) if goes_on else session.run(query.prompt, token=token))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorder:
    """Keeps what happened before anybody hears of it."""

    thread: StoredThread
    events: EventLog
    deliver: Deliver[Event]
    one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)

    async def keep(self, event: AgentEvent) -> None:
        async with self.one_at_a_time:
            await self.thread.flush()
            await self.deliver(await self.events.add(_within_stream(event).to_dict()))


def _within_stream(event: AgentEvent) -> AgentEvent:
    """The end of a run that was delegated to is not the end of the stream."""
    if event.parent_run_id is None or event.type not in TERMINAL:
        return event
    return replace(event, type="agent_end", tool_metadata={"ended": event.type})


async def _replay(events: EventLog, number: int, deliver: Deliver[Event]) -> None:
    if not 0 <= number <= events.count:
        raise ValueError(f"resume={number}: the thread has the events 1 to {events.count}; give the last one you have")
    while page := await events.after(number):
        for event in page:
            await deliver(event)
        number = page[-1]["event_id"]
