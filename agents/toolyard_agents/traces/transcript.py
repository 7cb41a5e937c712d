"""A run as text that a person reads from the top to the bottom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from toolyard_agents.traces.trees import Call, Note, Part, RunTree, Step


def transcript_of(run: RunTree) -> str:
    """The run in Markdown: what was asked, said, called and answered, with the runs it delegated to in their places."""
    return "\n\n".join(_run(run, 1)) + "\n"


def _run(run: RunTree, level: int) -> Iterator[str]:
    began = "" if run.began is None else f", {datetime.fromtimestamp(run.began, UTC).isoformat(timespec='seconds')}"
    yield f"{'#' * level} {_line(run.agent)} ({run.id}{began})"
    yield from _said("Prompt", run.prompt)
    for part in run.parts:
        yield from _part(part, level + 1)
    if run.end is None:
        yield "**End**: none is written down; it is running, or broke off"
    else:
        yield f"**End**: {run.end.status} ({run.end.stop_reason})"
        if run.end.status != "completed":
            yield _quoted(run.end.text)


def _part(part: Part, level: int) -> Iterator[str]:
    match part:
        case Step():
            yield f"{'#' * level} Step {part.number}{f' {_json(part.about)}' if part.about else ''}"
            yield from _said("Thoughts", part.reasoning)
            yield from _said("Answer", part.text)
            for call in part.calls:
                yield from _call(call, level + 1)
        case Call():
            yield from _call(part, level)
        case Note():
            yield f"*{_line(part.content or part.kind)}*: {_json(part.about)}"
        case RunTree():
            yield from _run(part, level)


def _call(call: Call, level: int) -> Iterator[str]:
    yield f"**Call** `{_line(call.name)}` ({call.id})"
    yield _fenced(_json(call.arguments, indent=2), "json")
    for note in call.notes:
        yield from _part(note, level)
    for run in call.runs:
        yield from _run(run, level)
    yield f"**Result**: {_line(call.status or 'none is written down')}"
    if call.result:
        yield _fenced(call.result)


def _said(title: str, text: str | None) -> Iterator[str]:
    if text:
        yield f"**{title}**"
        yield _quoted(text)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _fenced(text: str, language: str = "") -> str:
    """In a fence that nothing in the text closes."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _line(text: str) -> str:
    return " ".join(text.split())
