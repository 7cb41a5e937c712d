"""What is written into the file that a run is steered by: one JSON object in each line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

Verb = Literal["pause", "resume", "cancel", "say"]
Standing = Literal["running", "paused", "waiting"]
"""How a run that has not ended stands; "waiting" is for somebody's answer to an ask."""

VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Asks something of the run `run_id`, and of no other. `text` is what is said to it, or why it is cancelled."""

    id: str
    run_id: str
    verb: Verb
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The run's answer to the command `id`: whether it is done, and what happens now or why nothing does."""

    id: str
    done: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """The run stands so from here on."""

    run_id: str
    standing: Standing


Record = Command | Heard | Stands


def to_line(record: Record) -> bytes:
    """The record as a line. The line end before it parts it from whatever a writer that was killed left behind."""
    return b"\n" + json.dumps({"type": type(record).__name__.lower(), **asdict(record)}).encode() + b"\n"


def from_line(line: bytes) -> Record | None:
    """The record that a line says; None when it says none."""
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match data:
        case {"type": "command", "id": str(id), "run_id": str(run), "verb": str(verb), "text": str(text)}:
            return next((Command(id=id, run_id=run, verb=one, text=text) for one in VERBS if one == verb), None)
        case {"type": "heard", "id": str(id), "done": bool(done), "text": str(text)}:
            return Heard(id=id, done=done, text=text)
        case {"type": "stands", "run_id": str(run), "standing": str(standing)}:
            return next((Stands(run_id=run, standing=one) for one in STANDINGS if one == standing), None)
        case _:
            return None
