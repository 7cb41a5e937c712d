"""Runs and their differences as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from toolyard.cli.drawing import one_line
from toolyard_agents.traces.comparing import Difference
from toolyard_agents.traces.folder import Summary
from toolyard_agents.traces.subject import Subject

HEADS = ("ID", "WHEN (UTC)", "AGENT", "ENDED", "TOOK", "TURNS", "CALLS", "TOKENS", "COST", "PROMPT")
UNENDED = "running or broken off"
MINUTE = 60
PROMPT = 60
"""Characters of a prompt in a list."""
FACT = 1000
"""Characters of one side of a difference."""


def table(summaries: Sequence[Summary]) -> Iterator[str]:
    """A header and a line for each run; nothing when there is none."""
    rows = [HEADS, *map(_row, summaries)] if summaries else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def ending(summary: Summary) -> str:
    """How a run ended, in one or two words."""
    return UNENDED if summary.status is None else ended(summary.status, summary.stop_reason or "")


def ended(status: str, stop_reason: str) -> str:
    return status if stop_reason in ("", "end", status) else f"{status} ({one_line(stop_reason)})"


def when(time: float | None) -> str:
    return "-" if time is None else datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def seconds(duration: float) -> str:
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    return f"{duration:.1f} s" if duration < MINUTE else f"{duration / MINUTE:.1f} min"


def dollars(cost: float | None) -> str:
    return "-" if cost is None else f"${cost:.4f}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def comparison_json(difference: Difference | None, summaries: tuple[Summary, Summary]) -> str:
    told = None if difference is None else asdict(difference)
    return json.dumps({"same": difference is None, "difference": told, "runs": list(map(asdict, summaries))}, indent=2)


def comparison_text(
    difference: Difference | None, summaries: tuple[Summary, Summary], subjects: tuple[Subject, Subject]
) -> str:
    """The first difference, then both runs at a glance, then what was another about their agents."""
    lines = ["same"] if difference is None else _difference(difference)
    lines += [f"{mark} {at_a_glance(summary)}" for mark, summary in zip("AB", summaries, strict=True)]
    return "\n".join([*lines, *_about_agents(*subjects)])


def at_a_glance(summary: Summary) -> str:
    parts = (
        summary.id,
        when(summary.began),
        one_line(summary.agent),
        ending(summary),
        seconds(summary.duration),
        counted(summary.turns, "turn"),
        counted(summary.calls, "call"),
        counted(summary.tokens, "token"),
        dollars(summary.cost),
    )
    return "  ".join(parts)


def in_a_run(summary: Summary) -> str:
    """A run that another one asked for, at a glance."""
    used = counted(summary.tokens, "token"), dollars(summary.cost)
    return "  ".join((f"{one_line(summary.agent)} {one_line(summary.id)}", seconds(summary.duration), *used))


def _row(summary: Summary) -> tuple[str, ...]:
    return (
        summary.id,
        when(summary.began),
        one_line(summary.agent, PROMPT),
        ending(summary),
        seconds(summary.duration),
        str(summary.turns),
        str(summary.calls),
        str(summary.tokens),
        dollars(summary.cost),
        _beginning(summary.prompt),
    )


def _beginning(prompt: str | None) -> str:
    if prompt is None:
        return "(goes on with a run that was interrupted)"
    line = one_line(prompt[: 4 * PROMPT])
    return line if len(line) <= PROMPT else f"{line[:PROMPT]}…"


def _difference(difference: Difference) -> list[str]:
    sides = (("A", difference.first), ("B", difference.second))
    return [f"different: {one_line(difference.where)}", *(f"  {mark}: {_fact(what)}" for mark, what in sides)]


def _fact(what: Any) -> str:
    if what is None:
        return "(nothing)"
    return one_line(what if isinstance(what, str) else json.dumps(what, ensure_ascii=False), FACT)


def _about_agents(first: Subject, second: Subject) -> Iterator[str]:
    if first.model != second.model:
        yield one_line(f"note: the models are {first.model} and {second.model}")
    if other := second.difference(first):
        yield one_line(f"note: seen from B, {other}")
