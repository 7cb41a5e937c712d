"""What a store says of its sessions."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolyard_agents.errors import TraceError
from toolyard_agents.store.folders import ABOUT, TRACE, open_in
from toolyard_agents.store.glimpses import first_prompt, last_run
from toolyard_agents.store.locks import is_locked
from toolyard_kernel.whole_files import replace_file

_LONGEST = 1 << 16
_LATEST = 1 << 37
"""Seconds since the epoch; what is later is no time that anything was made at."""


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
    agent: str = ""


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
        case {"created_at": int() | float() as created, "model": str(model), "profile": str(profile)} if (
            0 <= created < _LATEST
        ):
            agent = data.get("agent")
            return About(
                created_at=created, model=model, profile=profile, agent=agent if isinstance(agent, str) else ""
            )
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
        status, prompt = last_run(descriptor).status, first_prompt(descriptor)
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
