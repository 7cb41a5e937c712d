"""The data of one conversation."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal

from toolyard_agents.errors import StateError, TraceError
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.state import checks
from toolyard_agents.state.compaction import plan_compaction
from toolyard_agents.state.conversation import Conversation
from toolyard_agents.state.entries import (
    END_STATUSES,
    AssistantAdded,
    Change,
    Compacted,
    EndStatus,
    Entry,
    Noted,
    Opened,
    Parked,
    ResultAdded,
    RunBegan,
    RunEnded,
    UsageAdded,
    UserAdded,
)
from toolyard_agents.state.journal import Sink, open_journal
from toolyard_agents.state.steps import Step, messages_of
from toolyard_agents.state.traces import parse, text_of
from toolyard_agents.usage import NOTHING, Usage

Status = Literal["idle", "running", "completed", "error", "cancelled", "interrupted"]
Observer = Callable[[Entry], object]
Written = Callable[[Change], Change]

log = logging.getLogger("toolyard")


class State:
    """A conversation, what it used and how its runs went: data, without a model, tools or files.

    Every change is one entry, checked before it is made, so the conversation can be sent to a model at every moment.
    It is for one event loop. `session_id` is made up unless it is given.
    """

    def __init__(self, session_id: str | None = None, *, entries: Sequence[Entry] = ()) -> None:
        """`entries` are those of an earlier state, which go on here.

        Raises:
            StateError: an entry does not follow from those before it.
        """
        self._entries: list[Entry] = []
        self._conversation = Conversation()
        self._parked: dict[str, Parked] = {}
        self._notes: list[str] = []
        self._usage = NOTHING
        self._status: Status = "idle"
        self._run_id: str | None = None
        self._last_run_id: str | None = None
        self._run_count = 0
        self._observers: list[Observer] = []
        self._sink: Sink | None = None
        self._written: Written | None = None
        self._session_id = ""
        for entry in entries:
            self._replay(entry)
        if not entries:
            self._commit(Opened(checks.text("the id of a session", session_id or secrets.token_hex(16))))

    @property
    def session_id(self) -> str:
        return self._session_id

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All changes, in their order: replayed, they give an equal state."""
        return tuple(self._entries)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that was said, also what a summary replaced; without answers that are still awaited."""
        return tuple(self._conversation.messages)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What `get_messages` gives, by steps: what compaction plans with."""
        return tuple(self._conversation.steps)

    def get_messages(self) -> list[Message]:
        """What a model is sent, without a system prompt; a call without an answer has one that says it is unknown."""
        return messages_of(self._conversation.steps)

    def pending(self) -> tuple[ToolRequest, ...]:
        """The calls that wait for an answer, in their order."""
        steps = self._conversation.steps
        return steps[-1].pending if steps else ()

    def add_user_message(self, content: str) -> None:
        """Calls that still wait get the answer that their outcome is unknown."""
        self._commit(UserAdded(checks.text("a user's message", content)))

    def add_assistant_message(self, content: str | None, tool_calls: Iterable[ToolRequest] = ()) -> None:
        """What a model answered, or the part of it that came.

        Raises:
            StateError: two of the calls have the same id, or one has none.
        """
        self._commit(
            AssistantAdded(checks.text("an assistant's message", content or ""), tuple(map(checks.request, tool_calls)))
        )

    def add_tool_result(self, tool_call_id: str, result: str) -> None:
        """The answer to a call of the last message. They may come in any order, and stand in the order of the calls.

        Raises:
            StateError: no such call was asked for, or it has its answer.
        """
        self._commit(ResultAdded(checks.text("the id of a call", tool_call_id), checks.text("a tool's result", result)))

    def park(self, tool_call_id: str, agent: str, child: State, *, binding: str | None = None) -> None:
        """Keep, for a call of the last message, the run of `agent` that it delegated to and that waits for somebody.

        Raises:
            StateError: no such call was asked for, or it has its answer.
        """
        self._commit(Parked(checks.text("the id of a call", tool_call_id), agent, text_of(child.entries), binding))

    def parked(self, tool_call_id: str) -> Parked | None:
        """The run that waits for this call to go on."""
        return self._parked.get(tool_call_id)

    def note(self, content: str | None) -> None:
        """Keep how far the run's policy is, for a run that goes on later; None forgets what was kept."""
        self._commit(Noted(None if content is None else checks.text("a note", content)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the policy of a run kept that has not completed, in order."""
        return tuple(self._notes)

    @property
    def usage(self) -> dict[str, int]:
        """The tokens of all runs together; a copy."""
        return self._usage.to_dict()

    @property
    def cost(self) -> float | None:
        """What all runs cost together, in US dollars; None once one of them cost nobody knows what."""
        return self._usage.cost

    def update_usage(
        self,
        usage: Usage | None = None,
        *,
        input: int = 0,
        output: int = 0,
        cached: int = 0,
        reasoning: int = 0,
        cost: float | None = None,
    ) -> None:
        """Add what a model call used: a `Usage`, or its numbers. A cost that is not given is not known.

        Raises:
            StateError: a number is negative, or none.
        """
        self._commit(
            UsageAdded(
                usage
                if usage is not None
                else Usage(
                    input_tokens=input,
                    output_tokens=output,
                    cached_tokens=cached,
                    reasoning_tokens=reasoning,
                    cost=cost,
                )
            )
        )

    @property
    def status(self) -> Status:
        """How the last run ended, or "running"; "idle" before the first."""
        return self._status

    @property
    def run_count(self) -> int:
        """How many runs have ended; an interrupted one goes on, so it is not among them."""
        return self._run_count

    @property
    def run_id(self) -> str | None:
        """The run that is under way."""
        return self._run_id

    @property
    def last_run_id(self) -> str | None:
        """The run that ended last, or was interrupted."""
        return self._last_run_id

    def begin_run(self, run_id: str) -> None:
        """From now on a run is under way. Calls that an interrupted one left wait on.

        Raises:
            StateError: one is already, or the id is empty.
        """
        if not run_id:
            raise StateError("a run needs an id")
        self._commit(RunBegan(), checks.text("the id of a run", run_id))

    def end_run(self, status: EndStatus, *, at: float | None = None) -> None:
        """The run has ended. Unless it was interrupted, calls without an answer get one that says so.

        It holds also when it cannot be recorded, which is logged. `at` is when it ended (seconds since the epoch), if
        not now.

        Raises:
            StateError: none is under way.
        """
        self._commit(RunEnded(status), at=at)

    def estimate_tokens(self) -> int:
        """An upper guess of the tokens of `get_messages()`; it costs nothing to ask."""
        return self._conversation.tokens

    def replace_with_summary(
        self, summary: str, tokens_before: int, tokens_after: int, *, replaced: Sequence[int] | None = None
    ) -> None:
        """Let a summary stand for earlier steps in what a model is sent; `messages` keeps them.

        `replaced` are the indices of these steps in `steps`; by default all but the open task.

        Raises:
            StateError: a step is not there, or waits for answers; or a number of tokens is none.
        """
        if replaced is None:
            plan = plan_compaction(self.steps)
            replaced = plan.replaced if plan else ()
        self._commit(Compacted(checks.text("a summary", summary), tokens_before, tokens_after, tuple(replaced)))

    def add_observer(self, observer: Observer) -> None:
        """Call `observer` with every entry from now on, once it holds. What it raises is logged."""
        self._observers.append(observer)

    def remove_observer(self, observer: Observer) -> None:
        """Call it no more; one that is not there is no error."""
        if observer in self._observers:
            self._observers.remove(observer)

    def record_to(self, sink: Sink | None) -> None:
        """Give every entry from now on to `sink` before it holds: what it refuses, by raising, does not happen.

        Only the end of a run does: a sink that could not take it should write it with the next entry.
        """
        self._sink = sink

    def write_as(self, written: Written) -> None:
        """Let `entries`, and with them all that is written of the state, say what `written` makes of each change.

        What was said stays as it was for whoever goes on with this state; who reads it anew reads what was written.
        """
        self._written = written
        self._entries = [replace(entry, change=written(entry.change)) for entry in self._entries]

    def to_jsonl(self, path: str | PathLike[str]) -> None:
        """Append to a trace what it does not have yet; a new one has mode 0600.

        Raises:
            TraceError: the file is another session's, is damaged, or has gone on in another way.
            OSError: it cannot be written.
        """
        with open_journal(path, self._entries):
            pass

    @classmethod
    def from_jsonl(cls, path: str | PathLike[str]) -> State:
        """The state that a trace tells; a torn last line does not count.

        Raises:
            TraceError: there is no entry in it, or a line is damaged: the text names it.
            OSError: it cannot be read.
        """
        name = str(path)
        return cls.from_entries(parse(Path(path).read_bytes(), name).entries, name)

    @classmethod
    def from_entries(cls, entries: Sequence[Entry], name: str = "the trace") -> State:
        """The state that entries tell; `name` says in messages where they are from.

        Raises:
            TraceError: there are none, or one does not follow from those before it.
        """
        if not entries:
            raise TraceError(f"{name} holds no whole entry, so there is no session in it")
        try:
            return cls(entries=entries)
        except StateError as error:
            raise TraceError(f"{name} is damaged: {error}") from error

    def _replay(self, entry: Entry) -> None:
        try:
            self._check(entry.change)
        except StateError as error:
            raise StateError(f"line {entry.seq + 1} does not follow from those before it: {error}") from error
        self._apply(entry, entry)

    def _commit(self, change: Change, run_id: str | None = None, at: float | None = None) -> None:
        self._check(change)
        now = time.time() if at is None else at
        entry = Entry(seq=len(self._entries), time=now, run_id=run_id or self._run_id, change=change)
        kept = entry if self._written is None else replace(entry, change=self._written(change))
        self._record(kept)
        self._apply(entry, kept)
        for observer in tuple(self._observers):
            try:
                observer(kept)
            except Exception:
                log.exception("an observer of session %s failed", self._session_id)

    def _record(self, entry: Entry) -> None:
        """The end of a run holds even if it cannot be recorded: a full disk must not leave a session running."""
        if self._sink is None:
            return
        try:
            self._sink.write(entry)
        except Exception:
            if not isinstance(entry.change, RunEnded):
                raise
            log.exception("the end of run %s could not be recorded", entry.run_id)

    def _check(self, change: Change) -> None:
        match change:
            case AssistantAdded(tool_calls=calls):
                checks.check_calls(calls)
            case ResultAdded(call_id) | Parked(call_id):
                self._conversation.open_call(call_id)
            case UsageAdded(usage):
                checks.check_usage(usage)
            case RunBegan() if self._run_id is not None:
                raise StateError(f"the run {self._run_id!r} is under way; a session has one run at a time")
            case RunEnded(status):
                if self._run_id is None:
                    raise StateError("no run is under way, so none can end")
                if status not in END_STATUSES:
                    raise StateError(f"a run cannot end as {status!r}; {', '.join(END_STATUSES)} are expected")
            case Compacted(_, before, after, replaced):
                checks.check_counts(before, after, *replaced)
                self._conversation.check_replaced(replaced)
            case _:
                pass

    def _apply(self, entry: Entry, kept: Entry) -> None:
        self._entries.append(kept)
        match entry.change:
            case Opened(session_id):
                self._session_id = session_id
            case UserAdded(content):
                self._parked.clear()
                self._conversation.add(Message(role="user", content=content))
            case AssistantAdded(content, calls):
                self._parked.clear()
                self._conversation.add(Message(role="assistant", content=content, tool_calls=calls))
            case ResultAdded(call_id, content):
                self._conversation.answer(call_id, content)
                self._parked.pop(call_id, None)
            case Parked(call_id) as parked:
                self._parked[call_id] = parked
            case Noted(None):
                self._notes.clear()
            case Noted(str(note)):
                self._notes.append(note)
            case Noted(content):
                self._notes = [] if content is None else [*self._notes, content]
            case UsageAdded(usage):
                self._usage += usage
            case RunBegan():
                self._run_id, self._status = entry.run_id, "running"
            case RunEnded(status):
                self._end(status)
            case Compacted(summary=summary, replaced=replaced):
                self._conversation.replace(replaced, summary)

    def _end(self, status: EndStatus) -> None:
        self._last_run_id, self._run_id, self._status = self._run_id, None, status
        if status == "completed":
            self._notes.clear()
        if status != "interrupted":
            self._run_count += 1
            self._parked.clear()
            self._conversation.close()
