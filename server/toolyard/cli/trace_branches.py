"""A run as a tree of lines, whatever draws it; whatever comes from a trace has been made harmless here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from toolyard.cli.drawing import Look, one_line
from toolyard.cli.trace_output import UNENDED, at_a_glance, dollars, ended, in_a_run, seconds
from toolyard_agents.traces.folder import summary_of
from toolyard_agents.traces.trees import Call, Note, Part, RunTree, Step
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.content import JsonObject

SHORT = 120
"""Characters of a text, where not all of it is wanted."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A line, or several, and what is below it."""

    text: str
    look: Look | None = None
    below: list[Branch] = field(default_factory=list["Branch"])


def run_branch(run: RunTree, *, full: bool) -> Branch:
    """The tree of a run. With `full`, texts are whole."""
    return _Branches(full=full).of_run(run, at_a_glance(summary_of(run)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branches:
    full: bool

    def of_run(self, run: RunTree, title: str) -> Branch:
        prompt = [] if run.prompt is None else [Branch(self._told("prompt: ", run.prompt))]
        parts = [self._of(part, run.began or 0.0) for part in run.parts]
        return Branch(title, None, [*prompt, *parts, self._end(run)])

    def _of(self, part: Part, start: float) -> Branch:
        match part:
            case Step():
                about = f"{self._json(part.about)}  " if part.about else ""
                return Branch(_step_title(part, about, start), "aside", list(self._in_step(part, start)))
            case Call():
                return self._call(part, start)
            case Note():
                return self._note(part)
            case RunTree():
                return self.of_run(part, in_a_run(summary_of(part)))

    def _in_step(self, step: Step, start: float) -> Iterator[Branch]:
        if step.reasoning:
            yield Branch(self._told("thinks: ", step.reasoning), "aside")
        if step.text:
            yield Branch(self._told("says: ", step.text))
        for call in step.calls:
            yield self._call(call, start)

    def _call(self, call: Call, start: float) -> Branch:
        began = "" if call.began is None else f"  +{seconds(max(call.began - start, 0.0))}"
        took = "" if call.began is None or call.ended is None else f" in {seconds(max(call.ended - call.began, 0.0))}"
        how = f"{one_line(call.status)}{took}" if call.status else "not ended"
        title = f"{one_line(call.name)} {self._json(call.arguments)}  {how}{began}"
        inside: list[Part] = [*call.notes, *call.runs]
        below = [self._of(part, start) for part in inside]
        if call.status is not None:
            below.append(Branch(self._told("-> ", call.result), "aside" if call.status == "ok" else "wrong"))
        return Branch(title, "call" if call.status == "ok" else "wrong", below)

    def _note(self, note: Note) -> Branch:
        content = one_line(note.content or note.kind, SHORT)
        return Branch(f"{content} {self._json(note.about)}" if note.about else content, "waiting")

    def _end(self, run: RunTree) -> Branch:
        if run.end is None:
            return Branch(UNENDED, "waiting")
        done = run.end.status == "completed"
        text = self._told(f"{ended(run.end.status, run.end.stop_reason)}: ", run.end.text)
        return Branch(text, None if done else "wrong")

    def _told(self, title: str, text: str) -> str:
        return f"{title}{shown_text(text)}" if self.full else f"{title}{one_line(text, SHORT)}"

    def _json(self, value: JsonObject) -> str:
        return shown(value) if self.full else one_line(shown(value), SHORT)


def _step_title(step: Step, about: str, start: float) -> str:
    used, title = step.used, f"step {step.number}  {about}+{seconds(max(step.began - start, 0.0))}"
    if not step.answered:
        return title
    took = f"{title}  {seconds(max(step.ended - step.began, 0.0))}"
    if used is None:
        return f"{took}  broken off"
    return f"{took}  {used.input_tokens} tokens in, {used.output_tokens} out  {dollars(used.cost)}"
