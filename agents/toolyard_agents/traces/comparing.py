"""What two runs did differently: what was said, asked, called, answered, and how it ended; not when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from toolyard_agents.traces.trees import Call, RunTree, Step


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a run did, and where in it."""

    where: str
    what: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first fact that is another; None stands for one that is not there."""

    where: str
    first: Any
    second: Any


def facts_of(run: RunTree, within: str = "") -> Iterator[Fact]:
    """What a run did, and what those did that it asked, in an order that no clock decides.

    Ids and times are in none of them, and neither are thoughts.
    """
    yield Fact(f"{within}prompt", run.prompt)
    for place, part in enumerate(run.parts, start=1):
        match part:
            case Step():
                yield from _step(part, within)
            case Call():
                yield from _call(part, f"{within}call {part.name} ({place})")
            case RunTree():
                yield from facts_of(part, f"{within}{part.agent} ({place}): ")
            case _:
                pass
    if run.end is not None:
        end = {"status": run.end.status, "stop_reason": run.end.stop_reason, "text": run.end.text}
        yield Fact(f"{within}end", end)


def first_difference(first: Sequence[Fact], second: Sequence[Fact]) -> Difference | None:
    """Where the two part."""
    for one, other in zip_longest(first, second):
        if one == other:
            continue
        if other is None or (one is not None and _lacks(second, one)):
            return Difference(where=one.where, first=one.what, second=None)
        if one is None or _lacks(first, other):
            return Difference(where=other.where, first=None, second=other.what)
        return Difference(where=one.where, first=one.what, second=other.what)
    return None


def _step(step: Step, within: str) -> Iterator[Fact]:
    here = f"{within}step {step.number}"
    if not step.answered:
        yield Fact(here, None)
        return
    yield Fact(f"{here}, answer", step.text)
    for number, call in enumerate(step.calls, start=1):
        yield from _call(call, f"{here}, call {number}")


def _call(call: Call, here: str) -> Iterator[Fact]:
    yield Fact(here, {"tool": call.name, "arguments": call.arguments})
    for run in call.runs:
        yield from facts_of(run, f"{here}, {run.agent}: ")
    if call.status is not None:
        yield Fact(f"{here}, result", {"status": call.status, "text": call.result})


def _lacks(facts: Sequence[Fact], fact: Fact) -> bool:
    return all(other.where != fact.where for other in facts)
