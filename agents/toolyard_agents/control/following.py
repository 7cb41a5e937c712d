"""Watching a run from another process: what its trace says, as it is written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from toolyard_agents.control.control_file import ControlFile, open_control
from toolyard_agents.control.records import Stands
from toolyard_agents.errors import TraceError
from toolyard_agents.state.entries import Entry, RunEnded
from toolyard_agents.state.lines import UnreadableEntryError, from_line
from toolyard_agents.store.folders import TRACE, open_in, session_folder
from toolyard_agents.store.glimpses import beginning, last_run
from toolyard_agents.store.locks import is_locked

LOOK = 0.1
"""Seconds between two looks for what is new."""
LONGEST = 1 << 26
"""Bytes of one line of a trace."""
_BLOCK = 1 << 20

Hear = Callable[[Entry | Stands], None]


def follow(root: Path, session_id: str, hear: Hear) -> str:
    """Give `hear` all that the session's last run did and does, until it ends; how it ended, or "dead", or "idle".

    Raises:
        UnknownName: there is no such session.
        TraceError: its trace is damaged.
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(session_folder(root, session_id))
        descriptor = open_in(folder, TRACE, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        if last_run(descriptor).status == "idle":
            return "idle"
        control = _control(folder, stack)
        entries = _Entries(descriptor, beginning(descriptor))
        while True:
            alive = is_locked(folder)  # before the last look: what a run wrote before it ended is not missed
            for entry in entries.new():
                hear(entry)
                if isinstance(entry.change, RunEnded):
                    return entry.change.status
            for record in control.new() if control else ():
                if isinstance(record, Stands):
                    hear(record)
            if not alive:
                return "dead"
            time.sleep(LOOK)


def _control(folder: int, stack: ExitStack) -> ControlFile | None:
    with suppress(OSError):
        return stack.enter_context(open_control(folder, os.O_RDONLY))
    return None


class _Entries:
    """The entries of a trace from a byte on; lines that are none are passed over."""

    def __init__(self, descriptor: int, at: int) -> None:
        self._descriptor = descriptor
        self._at = at
        self._rest = b""

    def new(self) -> Iterator[Entry]:
        while block := os.pread(self._descriptor, _BLOCK, self._at):
            self._at += len(block)
            *lines, self._rest = (self._rest + block).split(b"\n")
            if len(self._rest) > LONGEST:
                raise TraceError(f"{TRACE} is damaged: it has a line of more than {LONGEST} bytes")
            for line in lines:
                with suppress(UnreadableEntryError):
                    yield from_line(line)
