"""The processes of a server with several workers, told apart by letting one alone do anything."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.server.yards import Server

TWO = ("--workers", "2")


def workers_of(server: Server) -> list[int]:
    """The processes that the server keeps going."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def stopped(pid: int) -> Generator[None]:
    """Meanwhile a process does nothing at all."""
    os.kill(pid, signal.SIGSTOP)
    while state_of(pid) != "T":  # until then it may still accept a connection
        pass
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def state_of(pid: int) -> str:
    """The letter by which Linux tells what a process does."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def gone(pid: int) -> bool:
    try:
        return state_of(pid) == "Z"
    except FileNotFoundError:
        return True
