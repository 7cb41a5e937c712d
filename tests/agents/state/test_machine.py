"""Whatever happens to a conversation, and to the file it is kept in, a provider accepts it and nothing is lost."""

from __future__ import annotations

import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.agents.state.provider import complaint
from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.compaction import dropped_note, plan_compaction, plan_dropping, tokens_after
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.state.journal import Journal, open_journal
from toolyard_agents.state.lines import joined
from toolyard_agents.state.state import State
from toolyard_agents.state.steps import INTERRUPTED
from toolyard_agents.state.traces import parse

TEXTS = st.text(st.characters(codec=None, exclude_categories=["Cs"]) | st.just("\ud800"), max_size=8)
STATUSES = st.sampled_from(["completed", "error", "cancelled", "interrupted"])


@dataclass
class Said:
    """One message as the test remembers it, with the answers to its calls."""

    role: str
    content: str
    calls: list[str] = field(default_factory=list[str])
    answers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Memory:
    """What a state must know after some number of entries, worked out in another way."""

    said: list[Said] = field(default_factory=list[Said])
    tokens: int = 0
    runs: int = 0
    status: str = "idle"
    notes: list[str] = field(default_factory=list[str])

    @property
    def waiting(self) -> list[str]:
        last = self.said[-1:] or [Said("user", "")]
        return [id for id in last[0].calls if id not in last[0].answers]

    def close(self) -> None:
        for id in self.waiting:
            self.said[-1].answers[id] = INTERRUPTED

    def messages(self) -> list[tuple[str, str, str | None]]:
        told: list[tuple[str, str, str | None]] = []
        for said in self.said:
            told.append((said.role, said.content, None))
            told += [("tool", said.answers[id], id) for id in said.calls if id in said.answers]
        return told


class Conversations(RuleBasedStateMachine):
    """Drives a state that is kept in a file, crashes at any byte of it, and compares with what the test remembers."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "trace.jsonl"
        self.state = State()
        self.memories = [Memory()]  # one for each entry
        self.ids = 0
        self.journal: Journal = open_journal(self.path, self.state.entries)
        self.state.record_to(self.journal)

    @property
    def memory(self) -> Memory:
        return self.memories[-1]

    def next(self) -> Memory:
        self.memories.append(deepcopy(self.memory))
        return self.memory

    @rule(text=TEXTS)
    def user(self, text: str) -> None:
        self.state.add_user_message(text + ".")
        memory = self.next()
        memory.close()
        memory.said.append(Said("user", text + "."))

    @rule(text=TEXTS, count=st.integers(0, 3))
    def assistant(self, text: str, count: int) -> None:
        calls = [f"call-{self.ids + number}" for number in range(count)]
        self.ids += count
        self.state.add_assistant_message(text, [ToolRequest(id=id, name="look", arguments=text) for id in calls])
        memory = self.next()
        memory.close()
        memory.said.append(Said("assistant", text, calls))

    @precondition(lambda self: self.memory.waiting)
    @rule(data=st.data(), text=TEXTS)
    def answer(self, data: Any, text: str) -> None:
        id = data.draw(st.sampled_from(self.memory.waiting))
        self.state.add_tool_result(id, text)
        self.next().said[-1].answers[id] = text

    @rule(count=st.integers(0, 9))
    def use(self, count: int) -> None:
        self.state.update_usage(input=count, output=1, cost=None)
        self.next().tokens += count + 1

    @rule(note=st.none() | TEXTS)
    def note(self, note: str | None) -> None:
        self.state.note(note)
        memory = self.next()
        memory.notes = [] if note is None else [*memory.notes, joined(note)]

    @precondition(lambda self: self.memory.status != "running")
    @rule()
    def begin(self) -> None:
        self.state.begin_run(f"run-{len(self.memories)}")
        self.next().status = "running"

    @precondition(lambda self: self.memory.status == "running")
    @rule(status=STATUSES)
    def end(self, status: EndStatus) -> None:
        self.state.end_run(status)
        memory = self.next()
        memory.status = status
        if status == "completed":
            memory.notes = []
        if status != "interrupted":
            memory.runs += 1
            memory.close()

    @rule(room=st.none() | st.integers(0, 60), drop=st.booleans(), late=st.none() | TEXTS)
    def compact(self, room: int | None, drop: bool, late: str | None) -> None:  # noqa: FBT001 - hypothesis names them
        steps = self.state.steps
        plan = plan_dropping(steps, room=room or 0) if drop else plan_compaction(steps, room=room)
        if plan is None:
            return
        if late is not None:
            self.user(late)  # while the model writes the summary
        summary, before = dropped_note(plan), self.state.estimate_tokens()
        after = tokens_after(before, plan, summary)
        self.state.replace_with_summary(summary, before, after, replaced=plan.replaced)
        self.next()
        assert self.state.estimate_tokens() == after

    @rule(lost=st.integers(0, 3), torn=st.integers(0, 1000), repair=st.booleans())
    def crash(self, lost: int, torn: int, repair: bool) -> None:  # noqa: FBT001
        """The process dies; the last lines are lost, and of the first of these `torn` thousandths are there."""
        self.journal.close()
        lines = self.path.read_bytes().splitlines(keepends=True)
        whole = max(1, len(lines) - lost)
        rest = b"".join(lines[whole : whole + 1]).removesuffix(b"\n")
        self.path.write_bytes(b"".join(lines[:whole]) + rest[: len(rest) * torn // 1000])
        whole += bool(rest) and torn == 1000  # only the end of the line is missing
        entries = self.state.entries
        self.state = State.from_jsonl(self.path)
        assert self.state.entries == entries[:whole]
        self.memories = self.memories[:whole]
        if repair:
            self.state.to_jsonl(self.path)
        self.journal = open_journal(self.path, self.state.entries)
        self.state.record_to(self.journal)

    @invariant()
    def a_provider_accepts_it(self) -> None:
        assert complaint(self.state.get_messages()) is None

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        told = [(message.role, message.content, message.tool_call_id) for message in self.state.messages]
        assert told == self.memory.messages()
        assert [call.id for call in self.state.pending()] == self.memory.waiting
        assert (self.state.status, self.state.run_count) == (self.memory.status, self.memory.runs)
        assert self.state.usage["total_tokens"] == self.memory.tokens
        assert list(self.state.notes) == self.memory.notes

    @invariant()
    def the_last_prompt_of_an_open_task_is_sent(self) -> None:
        said = self.memory.said
        if said and said[-1].role == "user":
            assert self.state.get_messages()[-1].content == said[-1].content

    @invariant()
    def the_file_is_current(self) -> None:
        trace = parse(self.path.read_bytes(), "trace")
        assert trace.entries == self.state.entries
        assert trace.size == self.path.stat().st_size

    @invariant()
    def the_estimate_is_what_is_sent(self) -> None:
        if not self.state.pending():
            assert self.state.estimate_tokens() == sum(step.tokens for step in self.state.steps)

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()


Conversations.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestConversations = Conversations.TestCase
