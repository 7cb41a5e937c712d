"""Reading a trace."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toolyard_agents.errors import TraceError
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import VERSION
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.tools.model_schemas import sentence_of

ID = re.compile(r"[0-9a-f]{8,64}")
SUBJECT = TypeAdapter(Subject)
FIELDS = ("agent", "model", "system_prompt", "tools", "policy")
Line = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A run as it was written down; `events` are its own, and those of the runs that it delegated to."""

    id: str
    subject: Subject
    events: Sequence[Line]

    @property
    def own(self) -> list[Line]:
        """The events of the run itself."""
        return [event for event in self.events if event.get("run_id") == self.id]


def read_trace(folder: Path, trace_id: str) -> Trace:
    """The trace of a run. A last line that was never written whole does not count.

    Raises:
        UnknownName: there is none of this id.
        TraceError: it is damaged, or of a version that cannot be read.
        OSError: it cannot be read.
    """
    path = folder / f"{trace_id}.jsonl"
    if not ID.fullmatch(str(trace_id)) or not path.is_file():
        raise UnknownName(f"there is no trace {trace_id!r} in {folder}")
    *whole, _ = path.read_bytes().split(b"\n")
    lines = [_line(raw, number, path) for number, raw in enumerate(whole)]
    if not lines or lines[0].get("type") != "trace":
        raise TraceError(f"{path} does not begin as a trace does")
    head = lines[0]
    try:
        subject = SUBJECT.validate_python({name: head[name] for name in FIELDS if name in head})
    except ValidationError as error:
        raise TraceError(f"{path}, line 1, is damaged: {sentence_of(error)}") from error
    return Trace(id=trace_id, subject=subject, events=lines[1:])


def _line(raw: bytes, number: int, path: Path) -> Line:
    try:
        line: Any = json.loads(raw)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict) or line.get("seq") != number:  # pyright: ignore[reportUnknownMemberType]
        raise TraceError(f"{path}, line {number + 1}, is damaged")
    if line.get("v") != VERSION:  # pyright: ignore[reportUnknownMemberType]
        raise TraceError(f"{path}, line {number + 1}, is of version {line.get('v')!r}; {VERSION} can be read")  # pyright: ignore[reportUnknownMemberType]
    return line  # pyright: ignore[reportUnknownVariableType]
