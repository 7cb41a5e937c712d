"""Whether a session's run goes on: its trace says that it began, and its lock that its process is there."""

from __future__ import annotations

import os

from toolyard_agents.store.folders import TRACE, open_in
from toolyard_agents.store.glimpses import LastRun, last_run
from toolyard_agents.store.locks import holder


def last_run_in(folder: int) -> LastRun:
    """How the last run of the session in a folder stands, by its trace.

    Raises:
        TraceError: its trace is damaged.
        OSError: it cannot be read.
    """
    descriptor = open_in(folder, TRACE, os.O_RDONLY)
    try:
        return last_run(descriptor)
    finally:
        os.close(descriptor)


def run_and_process(folder: int) -> tuple[LastRun, int | None]:
    """As `last_run_in`, with the id of the process of a run that goes on. A "running" one without it is dead.

    Raises:
        TraceError: its trace is damaged.
        OSError: it cannot be read.
    """
    run = last_run_in(folder)
    while run.status == "running":
        pid, before, run = holder(folder), run, last_run_in(folder)
        if run == before:  # it neither ended nor began between the two looks
            return run, pid
    return run, None


def goes_on(folder: int, run: LastRun) -> bool:
    """Whether this run, which was seen running, does so still."""
    return last_run_in(folder) == run and holder(folder) is not None
