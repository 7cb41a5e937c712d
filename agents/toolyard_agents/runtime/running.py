"""One prompt to one agent of a runtime, as a stream of its events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken
from toolyard_agents.events import TERMINAL, AgentEvent
from toolyard_agents.hooks.run_hooks import RunHooks
from toolyard_agents.opened import opened_behind
from toolyard_agents.runtime.approvals import ApprovalDesk
from toolyard_agents.runtime.desk import ThreadDesk
from toolyard_agents.runtime.run_limits import NO_LIMITS, RunLimits
from toolyard_agents.session.emitting import Keep
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
    limits: RunLimits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs queries of `caller`, one after the other in each thread, under the `hooks`; `agents` are those that a policy
    can name."""

    gate: Gate
    caller: Caller
    threads: StoredThreads
    approvals: ApprovalDesk
    open_toolkits: OpenToolkits
    agents: Mapping[str, Agent]
    hooks: RunHooks | None = None
    under_way: dict[CancellationToken, anyio.Event] = field(default_factory=dict[CancellationToken, anyio.Event])

    def events(self, query: Query) -> AsyncGenerator[Event]:
        """What happens, as it happens: a slow reader slows the run, and one that leaves cancels it.

        Raises, after the last event, what kept the events from being kept.
        """

        async def start(deliver: Deliver[Event], token: CancellationToken) -> None:
            with self.tracked(token):
                await self._run(query, deliver, token)

        return streamed(start)  # no generator around it: a loop that ends closes both at once, and the outer one fails

    @contextmanager
    def tracked(self, token: CancellationToken) -> Generator[None]:
        """Until the block ends, `close` cancels the token, and waits."""
        self.under_way[token] = anyio.Event()
        try:
            yield
        finally:
            self.under_way.pop(token).set()

    async def close(self) -> None:
        """Cancel all that runs, and wait for its end."""
        under_way = tuple(self.under_way.items())
        for token, _ in under_way:
            token.cancel("the runtime was closed")
        with anyio.move_on_after(ENDING):
            for _, ended in under_way:
                await ended.wait()

    async def _run(self, query: Query, deliver: Deliver[Event], token: CancellationToken) -> None:
        async with AsyncExitStack() as stack:
            held = self.threads.held(self.caller, query.thread_id, token.cancel)
            if not await _entered(stack, held, token):
                await deliver({"type": "cancelled", "agent": query.agent.name, "content": token.reason})
                return
            events = await open_events(self.threads.storage, scope_of(self.caller), query.thread_id)
            thread = await self.threads.open(self.caller, query.agent, query.thread_id)
            if query.resume is not None:
                await _replay(events, query.resume, deliver)
                if thread.state.status == "completed":
                    await _complete(events, thread, query.agent.name, deliver)
                    return
            recorder = _Recorder(thread=thread, events=events, deliver=deliver)
            await self._drive(query, thread, recorder, token)
            if recorder.failures:
                raise recorder.failures[0]

    async def _drive(self, query: Query, thread: StoredThread, recorder: _Recorder, token: CancellationToken) -> None:
        goes_on = query.resume is not None and thread.state.status in GOES_ON
        async with self.opened(query.agent, query.limits, recorder.keep) as context:
            desk = ThreadDesk(approvals=self.approvals, thread_id=query.thread_id)
            session = Session(query.agent, state=thread.state, context=replace(context, desk=desk))
            await (session.resume(token=token) if goes_on else session.run(query.prompt, token=token))

    @asynccontextmanager
    async def opened(self, agent: Agent, limits: RunLimits, keep: Keep) -> AsyncGenerator[RunContext]:
        """What a run of the program itself is given, with all that it needs open."""
        async with self.open_toolkits.held(), opened_behind(self.gate, agent) as open_agent:
            yield RunContext(
                caller=limits.narrowed(self.caller),
                trusted=True,
                bounds=limits.bounds,
                opened=open_agent,
                keep=keep,
                agents=self.agents,
                hooks=self.hooks,
            )


async def _entered(stack: AsyncExitStack, held: AbstractAsyncContextManager[object], token: CancellationToken) -> bool:
    """Wait until a thread is free, and hold it; False when the token is cancelled first."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None  # noqa: S101 - this is a coroutine

    def cancel(reason: str) -> None:
        loop.call_soon_threadsafe(task.cancel)

    forget = token.listen(cancel)
    try:
        await stack.enter_async_context(held)
    except asyncio.CancelledError:
        if not token.is_cancelled():
            raise
        task.uncancel()
        return False
    finally:
        forget()
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorder:
    """Keeps what happened before anybody hears of it. `failures` says why it could not."""

    thread: StoredThread
    events: EventLog
    deliver: Deliver[Event]
    failures: list[Exception] = field(default_factory=list[Exception])
    one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)

    async def keep(self, event: AgentEvent) -> None:
        told = _within_stream(event).to_dict()
        async with self.one_at_a_time:
            try:
                await self.thread.flush()
                told = await self.events.add(told)
            except Exception as error:
                self.failures.append(error)
                if told["type"] in TERMINAL:  # without a number: it is not there when its reader comes back
                    await self.deliver(told)
                raise
            await self.deliver(told)


async def _complete(events: EventLog, thread: StoredThread, agent: str, deliver: Deliver[Event]) -> None:
    """Tell the end of a run whose process was gone before it could be told."""
    last = await events.after(max(events.count - 1, 0))
    if last and last[-1]["type"] not in TERMINAL:
        said = [message.content for message in thread.state.messages if message.role == "assistant"]
        end = AgentEvent(
            type="turn_complete",
            content=said[-1] if said else "",
            agent=agent,
            run_id=thread.state.last_run_id or "",
            timestamp=time.time(),
        )
        await deliver(await events.add(end.to_dict()))


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
