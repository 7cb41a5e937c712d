"""What a store says of its sessions."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolyard_agents.errors import TraceError
from toolyard_agents.state.entries import Entry, RunBegan, RunEnded, UserAdded
from toolyard_agents.state.lines import UnreadableEntryError, from_line
from toolyard_agents.store.folders import ABOUT, TRACE, open_in
from toolyard_agents.store.locks import is_locked
from toolyard_kernel.whole_files import replace_file

_LONGEST = 1 << 16
_WINDOW = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """One session. `status` is how its last run ended, "running", or "idle" before the first.

    A run whose process is gone is an "error". `model` and `profile` are those of the agent that had it last.
    """

    id: str
    status: str
    created_at: datetime
    model: str
    profile: str
    first_prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the file `about.json` of a session says; `created_at` is in seconds since the epoch."""

    created_at: float
    model: str
    profile: str


def read_about(folder: int) -> About:
    """What is said of the session in a folder.

    Raises:
        TraceError: the file says something else.
        OSError: it cannot be read, or is not there.
    """
    descriptor = open_in(folder, ABOUT, os.O_RDONLY)
    try:
        raw = os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{ABOUT} is damaged: it is no JSON") from error
    match data:
        case {"created_at": int() | float() as created, "model": str(model), "profile": str(profile)}:
            return About(created_at=created, model=model, profile=profile)
        case _:
            raise TraceError(f"{ABOUT} is damaged: created_at, model and profile are expected")


def write_about(folder: int, about: About) -> None:
    """Say it, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(Path(ABOUT), json.dumps(asdict(about)), folder=folder)


def read_info(folder: int, session_id: str) -> SessionInfo:
    """What a list says of the session in a folder: only the ends of its trace are read.

    Raises:
        TraceError: it is damaged.
        OSError: it cannot be read.
    """
    about = read_about(folder)
    descriptor = open_in(folder, TRACE, os.O_RDONLY)
    try:
        status, prompt = _status(descriptor), _first_prompt(descriptor)
    finally:
        os.close(descriptor)
    return SessionInfo(
        id=session_id,
        status="error" if status == "running" and not is_locked(folder) else status,
        created_at=datetime.fromtimestamp(about.created_at, UTC),
        model=about.model,
        profile=about.profile,
        first_prompt=prompt,
    )


def _first_prompt(descriptor: int) -> str:
    size, window = os.fstat(descriptor).st_size, _WINDOW
    while True:
        raw = os.pread(descriptor, window, 0)
        for line in raw.split(b"\n")[:-1]:
            if line.startswith(b'{"type":"user",'):
                entry = _entry(line)
                return entry.change.content if entry and isinstance(entry.change, UserAdded) else ""
        if window >= size:
            return ""
        window *= 4


def _status(descriptor: int) -> str:
    size, window = os.fstat(descriptor).st_size, _WINDOW
    while True:
        raw = os.pread(descriptor, window, max(size - window, 0))
        at = max(raw.rfind(b'\n{"type":"run",'), raw.rfind(b'\n{"type":"end",'))
        if at >= 0:
            return _status_of(_entry(raw[at + 1 :].partition(b"\n")[0]))
        if window >= size:
            return "idle"
        window *= 4


def _status_of(entry: Entry | None) -> str:
    match entry:
        case Entry(change=RunEnded(status)):
            return status
        case Entry(change=RunBegan()):
            return "running"
        case _:
            return "error"


def _entry(line: bytes) -> Entry | None:
    try:
        return from_line(line)
    except UnreadableEntryError:
        return None
