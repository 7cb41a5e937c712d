"""A trace as a tree: a run, its steps, the calls in them, and the runs that calls delegated to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toolyard_agents.errors import TraceError
from toolyard_agents.events import AgentEvent, EventType
from toolyard_agents.results import ENDS
from toolyard_agents.state.entries import EndStatus
from toolyard_agents.traces.reading import Trace
from toolyard_agents.usage import NOTHING, Usage

NOTED: frozenset[EventType] = frozenset(
    {"custom", "plan_status", "compact_end", "approval_required", "approval_decision"}
)
"""Events that are told as they are: whatever a policy or a tool adds is among them."""

YEAR_9999 = 253_370_764_800.0
"""In seconds since the epoch: no clock that is right says so, and no calendar goes further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was told on the way. Times are in seconds since the epoch, here and below."""

    kind: EventType
    time: float
    content: str
    about: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Call:
    """One call. Without a `status` it has not ended; without `began`, its handler never did."""

    id: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    status: str | None = None
    result: str = ""
    began: float | None = None
    ended: float | None = None
    notes: list[Note] = field(default_factory=list[Note])
    runs: list[RunTree] = field(default_factory=list["RunTree"])


@dataclass(slots=True, kw_only=True)
class Step:
    """One answer of the model, and the calls it asked for, in the order in which it did.

    `used` is None where the answer broke off, or where a policy took the step without asking the model; `about` is what
    it tells of it.
    """

    number: int
    began: float
    ended: float
    about: dict[str, Any] = field(default_factory=dict[str, Any])
    text: str = ""
    reasoning: str = ""
    used: Usage | None = None
    calls: list[Call] = field(default_factory=list[Call])

    @property
    def answered(self) -> bool:
        """Whether the model said anything."""
        return self.used is not None or bool(self.text or self.reasoning)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ended; `text` is its answer, or why there is none."""

    status: EndStatus
    stop_reason: str
    text: str


@dataclass(slots=True, kw_only=True)
class RunTree:
    """One run. Without an `end` it is running, or broke off; `used` is of its model alone.

    `parts` are in the order in which they began: calls are there that no step asked for, and runs that no call did.
    """

    id: str
    agent: str
    prompt: str | None = None
    began: float | None = None
    last: float | None = None
    end: End | None = None
    told_usage: Usage | None = None
    parts: list[Part] = field(default_factory=list["Part"])

    def steps(self) -> list[Step]:
        return [part for part in self.parts if isinstance(part, Step)]

    def calls(self) -> Iterator[Call]:
        """The calls of this run itself."""
        for part in self.parts:
            match part:
                case Step():
                    yield from part.calls
                case Call():
                    yield part
                case _:
                    pass

    def runs(self) -> Iterator[RunTree]:
        """This run, and all below it."""
        yield self
        below = [part for part in self.parts if isinstance(part, RunTree)]
        for run in (*below, *(run for call in self.calls() for run in call.runs)):
            yield from run.runs()

    @property
    def used(self) -> Usage:
        return sum((step.used for step in self.steps() if step.used), NOTHING)

    @property
    def duration(self) -> float:
        """Seconds, as far as it came."""
        return 0.0 if self.began is None or self.last is None else max(self.last - self.began, 0.0)


Part = Step | Call | Note | RunTree


def tree_of(trace: Trace) -> RunTree:
    """The run of a trace.

    Raises:
        TraceError: a line of it is no event.
    """
    return grown(RunTree(id=trace.id, agent=trace.subject.agent), _events(trace))


def grown(root: RunTree, events: list[AgentEvent]) -> RunTree:
    """The run `root`, with what these events tell of it and of the runs below it."""
    runs = {root.id: _Growing(root)}
    for event in events:
        if event.run_id not in runs:
            asker = runs.get(event.parent_run_id or "", runs[root.id])
            runs[event.run_id] = _Growing(asker.begin(event))
        runs[event.run_id].take(event)
    return root


@cache
def _adapter() -> TypeAdapter[AgentEvent]:
    return TypeAdapter(AgentEvent)


def _events(trace: Trace) -> list[AgentEvent]:
    events: list[AgentEvent] = []
    for number, line in enumerate(trace.events, start=2):
        told = {**line, "seq": line.get("event_seq"), "timestamp": line.get("time")}
        try:
            events.append(_adapter().validate_python(told))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise TraceError(f"trace {trace.id!r}, line {number}, is no event: {where}: {first['msg']}") from error
        if not 0 <= events[-1].timestamp < YEAR_9999:
            raise TraceError(f"trace {trace.id!r}, line {number}, is no event: its time is {events[-1].timestamp}")
    return events


class _Growing:
    """A run whose events come one by one."""

    def __init__(self, run: RunTree) -> None:
        self._run = run
        self._calls: dict[str, Call] = {}
        self._step: Step | None = None

    def begin(self, event: AgentEvent) -> RunTree:
        """The place of a run that this one asked for, whose first event this is."""
        run = RunTree(id=event.run_id, agent=event.agent)
        call = self._calls.get(event.parent_call_id or "")
        if call is None:
            self._run.parts.append(run)
        else:
            call.runs.append(run)
        return run

    def take(self, event: AgentEvent) -> None:
        run, about = self._run, event.tool_metadata or {}
        run.began = event.timestamp if run.began is None else run.began
        run.last = event.timestamp
        match event.type:
            case "agent_start":
                run.prompt = run.prompt or event.content  # one that goes on begins again, without a prompt
            case "step_start":
                step = self._begin_step(event, _number(about.get("step")))
                step.about = {name: value for name, value in about.items() if name != "step"}
            case "text" | "reasoning" | "api_call_complete":
                self._answer(event)
            case "tool_start" | "tool_end" | "tool_blocked":
                self._call(event, about)
            case "turn_complete" | "error" | "cancelled" | "interruption":
                reason = str(about.get("stop_reason", ""))
                run.end = End(status=ENDS[event.type], stop_reason=reason, text=event.content or "")
                run.told_usage = _usage(event)
            case _ if event.type in NOTED:
                self._note(event, about)
            case _:
                pass

    def _begin_step(self, event: AgentEvent, number: int) -> Step:
        self._step = Step(number=number, began=event.timestamp, ended=event.timestamp)
        self._run.parts.append(self._step)
        return self._step

    def _answer(self, event: AgentEvent) -> None:
        step = self._step or self._begin_step(event, 0)
        step.ended = event.timestamp
        match event.type:
            case "text":
                step.text += event.content or ""
            case "reasoning":
                step.reasoning += event.content or ""
            case _:
                step.used = _usage(event)
                for id, name in _asked(event.tool_metadata or {}):
                    self._calls[id] = Call(id=id, name=name)
                    step.calls.append(self._calls[id])

    def _call(self, event: AgentEvent, about: dict[str, Any]) -> None:
        id = event.tool_call_id or ""
        call = self._calls.get(id)
        if call is None or (event.type == "tool_start" and call.began is not None):
            call = self._calls[id] = Call(id=id, name=event.tool_name or "")
            self._run.parts.append(call)
        if event.tool_args is not None:
            call.arguments = event.tool_args
        if event.type == "tool_start":
            call.began = event.timestamp
        else:
            call.status = str(about.get("status", "ok" if event.type == "tool_end" else "denied"))
            call.result = (event.tool_result if event.type == "tool_end" else event.content) or ""
            call.ended = event.timestamp

    def _note(self, event: AgentEvent, about: dict[str, Any]) -> None:
        note = Note(kind=event.type, time=event.timestamp, content=event.content or "", about=about)
        call = self._calls.get(event.tool_call_id or "")
        (self._run.parts if call is None else call.notes).append(note)


def _usage(event: AgentEvent) -> Usage:
    counts = event.usage or {}
    cost = (event.tool_metadata or {}).get("cost")
    return Usage(
        input_tokens=_number(counts.get("input_tokens")),
        output_tokens=_number(counts.get("output_tokens")),
        cached_tokens=_number(counts.get("cached_tokens")),
        reasoning_tokens=_number(counts.get("reasoning_tokens")),
        cost=float(cost) if isinstance(cost, int | float) else None,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _asked(about: dict[str, Any]) -> Iterator[tuple[str, str]]:
    match about.get("tool_calls"):
        case [*calls]:
            for call in calls:
                match call:
                    case {"id": str(id), "name": str(name)}:
                        yield id, name
                    case _:
                        pass
        case _:
            pass
