"""Which sessions a store has, and how they stand now."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from toolyard_agents.control.control_file import open_control
from toolyard_agents.control.liveness import run_and_process
from toolyard_agents.state.entries import UsageAdded
from toolyard_agents.state.lines import UnreadableEntryError, from_line
from toolyard_agents.state.traces import read_all
from toolyard_agents.store.about import read_about
from toolyard_agents.store.files import SessionFiles
from toolyard_agents.store.folders import TRACE, open_in, session_folder
from toolyard_agents.store.glimpses import LastRun, first_prompt
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.errors import ToolyardError

GOING_ON = frozenset({"running", "paused", "waiting"})
LARGEST = 1 << 25
"""Bytes of a trace whose usage is added up."""
_USAGE = b'{"type":"usage",'

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One session. `status` is "running", "paused", "waiting" (for an answer to an ask), "dead" (its process ended in
    the middle of a run), "idle", or how its last run ended; `pid` is the process of a run that goes on.

    `created_at` and `changed_at` are in seconds since the epoch. `turns` are answers of models; they and the usage, of
    all runs together, are None where the trace is too long to look.
    """

    id: str
    status: str
    pid: int | None
    agent: str
    model: str
    created_at: float
    changed_at: float
    turns: int | None
    usage: Usage | None
    prompt: str


def listed(root: Path, prefix: str = "") -> list[Listed]:
    """The sessions in a store whose ids begin so, newest first. What is none, is damaged or is another user's is left
    out."""
    found: list[Listed] = []
    for session_id in filter(lambda one: one.startswith(prefix), SessionFiles(root).ids()):
        try:
            found.append(_listed(root, session_id))
        except (ToolyardError, OSError, ValueError, OverflowError) as error:
            log.debug("%s is no session that can be listed: %s", root / session_id, error)
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def _listed(root: Path, session_id: str) -> Listed:
    with session_folder(root, session_id) as folder:
        if os.fstat(folder).st_uid != os.geteuid():
            raise PermissionError("it belongs to another user")
        about = read_about(folder)
        run, pid = run_and_process(folder)
        descriptor = open_in(folder, TRACE, os.O_RDONLY)
        try:
            usages = _usages(descriptor)
            return Listed(
                id=session_id,
                status=_status(folder, run, pid),
                pid=pid,
                agent=about.agent,
                model=about.model,
                created_at=float(about.created_at),
                changed_at=os.fstat(descriptor).st_mtime,
                turns=None if usages is None else len(usages),
                usage=None if usages is None else sum(usages, NOTHING),
                prompt=first_prompt(descriptor),
            )
        finally:
            os.close(descriptor)


def _status(folder: int, run: LastRun, pid: int | None) -> str:
    if run.status != "running":
        return run.status
    if pid is None:
        return "dead"
    with suppress(OSError), open_control(folder, os.O_RDONLY) as file:
        stands = file.standing(run.run_id)
        return stands.standing if stands else "running"
    return "running"


def _usages(descriptor: int) -> Sequence[Usage] | None:
    if os.fstat(descriptor).st_size > LARGEST:
        return None
    lines = (line for line in read_all(descriptor).split(b"\n") if line.startswith(_USAGE))
    return [usage for line in lines if (usage := _usage(line))]


def _usage(line: bytes) -> Usage | None:
    try:
        change = from_line(line).change
    except UnreadableEntryError:
        return None
    return change.usage if isinstance(change, UsageAdded) else None
