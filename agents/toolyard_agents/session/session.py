"""`Session`: a conversation with an agent, one run after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from toolyard_agents.agent import Agent
from toolyard_agents.cancellation import CancellationToken, following
from toolyard_agents.control.control_file import Channel
from toolyard_agents.control.listening import controlled
from toolyard_agents.errors import SessionBusy, StateError
from toolyard_agents.hooks.events import redacted_change
from toolyard_agents.hooks.logs import redacted_logs
from toolyard_agents.opened import OpenAgent, opened
from toolyard_agents.results import RunResult
from toolyard_agents.session.approving import ApprovalCallback
from toolyard_agents.session.driving import CancelCheck, Driver
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.run_context import RunContext, hooked
from toolyard_agents.session.running import RunRequest, compactor_of, emitter_of, run_of
from toolyard_agents.state.compaction import CompactResult
from toolyard_agents.state.state import State
from toolyard_agents.state.waiting import CallPath, answers_for
from toolyard_agents.telemetry.operation import Attributes
from toolyard_agents.telemetry.runs import observe_run
from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.callers import Caller

CONTEXT_WINDOW = 128_000


class Session:
    """Owns its state, and runs one prompt at a time.

    `approval_callback` answers asks. `cancel_check` is looked at while a run goes on. With `auto_compact`, a
    conversation that reaches 0.8 of `context_window` tokens is summarised before the model is asked again; `reported`
    is what the provider counted last. `telemetry` is what the span of each run tells besides. `channel` is where
    another process may steer the session's runs from.
    """

    def __init__(self, agent: Agent, *, state: State | None = None, context: RunContext | None = None) -> None:
        """`context` says for whom the session runs, when that is not the program itself."""
        self.agent = agent
        self.state = state or State()
        self.context = context or RunContext(caller=Caller(id="python", profile=agent.profile), trusted=True)
        self.approval_callback: ApprovalCallback | None = None
        self.cancel_check: CancelCheck | None = None
        self.telemetry: Attributes = {}
        self.auto_compact = True
        self.context_window = CONTEXT_WINDOW
        self.channel: Channel | None = None
        self._token: CancellationToken | None = None
        self._stack: AsyncExitStack | None = None
        self._open: OpenAgent | None = None
        self._open_for: Agent | None = None
        self.reported = 0

    async def run(
        self, prompt: str, *, on_event: OnEvent | None = None, token: CancellationToken | None = None
    ) -> RunResult:
        """Run a prompt to its end. A run that fails, is refused or is cancelled by its token has a result that says so.

        Raises:
            SessionBusy: the session is running already.
            asyncio.CancelledError: the task was cancelled; the run has ended, and the session can go on.
        """
        return await self._go(RunRequest(prompt=prompt, on_event=on_event, token=token or CancellationToken()))

    async def resume(
        self,
        approvals: Mapping[str, bool] | Mapping[CallPath, bool] | None = None,
        *,
        on_event: OnEvent | None = None,
        token: CancellationToken | None = None,
    ) -> RunResult:
        """Go on with a run that was interrupted, or broke off.

        `approvals` answers the calls that wait, by their `tool_call_id`.
        A call that is not answered here is asked for again; a call that was made is not made again. The run has what is
        left of its budget. Calls of agents that this one delegated to are among those that wait; where two have the
        same id, `(outer, inner)` names one.

        Raises:
            SessionBusy: the session is running already.
            StateError: nothing is there to go on with, or two waiting calls have an id that is answered here.
        """
        if self.state.status in ("idle", "completed"):
            raise StateError(f"the session is {self.state.status}: no run of it waits to go on; give it a prompt")
        given = answers_for(self.state, approvals or {})
        return await self._go(RunRequest(given=given, on_event=on_event, token=token or CancellationToken()))

    async def cancel(self, reason: str = "the session was cancelled") -> None:
        """End the run that goes on, if any; the session can run again afterwards."""
        if self._token is not None:
            self._token.cancel(reason)

    async def compact(self) -> CompactResult:
        """Let the model summarise the conversation so far, and go on from the summary."""
        async with self._claimed(CancellationToken()), self._discreet() as open_agent:
            return await compactor_of(self, open_agent, emitter_of(self), self.state.update_usage).compact("manual")

    async def get_sandbox(self) -> Backend:
        """The backend that the agent's toolkits run on; `async with` keeps it open."""
        return self.agent.backend

    async def close(self) -> None:
        """Give back what `async with` opened."""
        stack, self._stack, self._open = self._stack, None, None
        if stack is not None:
            await stack.aclose()

    async def __aenter__(self) -> Self:
        """Keep open what runs need, instead of opening it for each of them."""
        self._stack = self._stack or AsyncExitStack()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _go(self, request: RunRequest) -> RunResult:
        with following(request.token) as token:  # a run that ends may not end whatever else the program's token is for
            async with self._claimed(token), self._discreet() as open_agent:
                run = run_of(self, open_agent, replace(request, token=token))
                try:
                    driven = Driver(run=run, token=token, cancel_check=self.cancel_check).to_the_end()
                    about = {"profile": self.agent.profile.profile, **self.telemetry}
                    async with controlled(self.channel, run.control, run.emitter, token):
                        return await observe_run(run.emitter, run.model, self.state.session_id, about, driven)
                finally:
                    self.reported = run.compactor.reported

    @asynccontextmanager
    async def _claimed(self, token: CancellationToken) -> AsyncGenerator[None]:
        if self._token is not None:
            raise SessionBusy(f"session {self.state.session_id!r} is running; wait for its run, or cancel it")
        self._token = token
        try:
            yield
        finally:
            self._token = None

    @asynccontextmanager
    async def _discreet(self) -> AsyncGenerator[OpenAgent]:
        """What a run needs, which writes down nothing that its hooks redact."""
        hooks = hooked(self.context, self.agent).hooks
        redaction = None if hooks is None else hooks.redaction
        async with self._opened() as open_agent:
            if hooks is None or redaction is None:
                yield open_agent
                return
            self.state.write_as(partial(redacted_change, redaction))
            with redacted_logs(redaction):
                yield OpenAgent(gate=hooks.discreet(open_agent.gate), model=hooks.asked(open_agent.model))

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[OpenAgent]:
        if self.context.opened is not None:
            yield self.context.opened
        elif self._stack is None:
            async with opened(self.agent) as open_agent:
                yield open_agent
        else:
            yield await self._kept_open(self._stack)

    async def _kept_open(self, stack: AsyncExitStack) -> OpenAgent:
        """What stays open from run to run, until the session gets another agent."""
        if self._open is None or self._open_for is not self.agent:
            await stack.aclose()
            self._open, self._open_for = await stack.enter_async_context(opened(self.agent)), self.agent
        return self._open
