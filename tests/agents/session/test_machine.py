"""Whatever is done with a session, in whatever order: its history stays valid, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.agents.session.yard import SAFE, Call, check_history
from toolyard import Agent, AgentEvent, ApprovalInterrupt, CancellationToken, Session, SessionStore, tool
from toolyard.testing import FakeModel

MOVES = st.lists(st.sampled_from(["text", "count", "two", "launch", "error"]), max_size=3)


class Sessions(RuleBasedStateMachine):
    """Runs, cancels, interrupts, resumes, compacts, crashes and restores one session."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.counted: list[int] = []
        self.launched = 0
        self.prompts: list[str] = []
        self.model = FakeModel()
        self.store = SessionStore(self.folder)
        self.agent = Agent(name="a", model=self.model, tools=self._tools())
        self.session = self._ready(self.store.create_session(self.agent))

    def _tools(self) -> list[Any]:
        @tool
        async def count(n: int) -> int:
            """Count."""
            self.counted.append(n)
            return n

        @tool(approval="always")
        async def launch() -> str:
            """Launch."""
            self.launched += 1
            return "launched"

        return [count, launch]

    def _ready(self, session: Session) -> Session:
        def interrupt(name: str, arguments: dict[str, Any]) -> bool:
            raise ApprovalInterrupt

        session.approval_callback = interrupt
        session.context = session.context.__class__(caller=session.context.caller)
        return session

    def _say(self, moves: list[str]) -> None:
        self.model = FakeModel()
        self.session.agent.model = self.model
        for number, move in enumerate(moves):
            calls: list[Call] = [("count", {"n": number}), ("launch", {}) if move == "launch" else ("count", {"n": -1})]
            if move == "text":
                self.model.add_response(f"so {number}")
            elif move == "error":
                self.model.add_error(RuntimeError("broken"), text="half ")
            else:
                self.model.add_tool_calls(calls[:1] if move == "count" else calls)
        self.model.add_response("the end")

    def _run(self, moves: list[str], cancel_at: int | None) -> None:
        self._say(moves)
        token = CancellationToken()
        prompt = f"prompt {len(self.prompts)}"
        self.prompts.append(prompt)

        def hear(event: AgentEvent) -> None:
            if event.seq == cancel_at:
                token.cancel("now")

        async def run() -> None:
            async with asyncio.timeout(SAFE):
                await self.session.run(prompt, on_event=hear, token=token)

        asyncio.run(run())

    @rule(moves=MOVES, cancel_at=st.none() | st.integers(0, 12))
    def run_a_prompt(self, moves: list[str], cancel_at: int | None) -> None:
        self._run(moves, cancel_at)

    @precondition(lambda self: bool(self.session.state.pending()))
    @rule(yes=st.booleans(), moves=MOVES)
    def resume(self, yes: bool, moves: list[str]) -> None:  # noqa: FBT001 - hypothesis names it
        self._say(moves)
        before, waits = self.launched, self.session.state.pending()
        counted = list(self.counted)
        asyncio.run(self.session.resume({call.id: yes for call in waits}))
        assert self.launched - before >= len(waits) if yes else True
        assert self.counted[: len(counted)] == counted

    @rule(works=st.booleans())
    def compact(self, works: bool) -> None:  # noqa: FBT001 - as above
        self.model = FakeModel()
        self.session.agent.model = self.model
        if works:
            self.model.add_response("what happened")
        asyncio.run(self.session.compact())

    @rule()
    def crash_and_restore(self) -> None:
        before = self.session.state.get_messages()
        entries = self.session.state.entries
        session_id = self.session.state.session_id
        self.session = self._ready(SessionStore(self.folder).resume(session_id, self.agent))
        assert self.session.state.get_messages() == before
        assert self.session.state.entries[: len(entries)] == entries

    @invariant()
    def the_history_is_valid_and_whole(self) -> None:
        if not hasattr(self, "session"):
            return
        state = self.session.state
        check_history(state)
        assert [message.content for message in state.messages if message.role == "user"] == self.prompts
        assert state.run_id is None
        assert state.status in ("idle", "completed", "error", "cancelled", "interrupted")

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
