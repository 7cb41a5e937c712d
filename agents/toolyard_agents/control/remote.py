"""The other side: telling a run in another process what to do."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from toolyard_agents.control.control_file import LONGEST, ControlFile, open_control
from toolyard_agents.control.liveness import goes_on, run_and_process
from toolyard_agents.control.records import Command, Heard, Verb, to_line
from toolyard_agents.errors import ControlError
from toolyard_agents.store.folders import session_folder
from toolyard_agents.store.glimpses import LastRun
from toolyard_agents.store.locks import holder

PATIENCE = 5.0
"""Seconds that a run has to answer, and then to end if it was cancelled."""
LOOK = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The run of a stored session that goes on in whatever process. Its methods block for a few seconds at the most."""

    root: Path
    session_id: str

    def tell(self, verb: Verb, text: str = "") -> str:
        """Tell the run what to do, once; what happens now, in a few words. A run that is cancelled is waited for.

        Raises:
            UnknownName: there is no such session.
            ControlError: no run of it goes on, or the run refuses or does not answer.
            OSError: the session cannot be read.
        """
        with session_folder(self.root, self.session_id) as folder:
            run = self._running(folder)
            command = Command(id=secrets.token_hex(8), run_id=run.run_id, verb=verb, text=text)
            if len(to_line(command)) > LONGEST:
                raise ControlError(f"the text has {len(text)} characters, which is too many for one message")
            with self._file(folder) as file:
                file.append(command)
                answer = self._answer(folder, run, file, command)
            if verb == "cancel" and self._ended(folder, run):
                return "was cancelled, and has ended"
            return answer.text

    def _running(self, folder: int) -> LastRun:
        run, pid = run_and_process(folder)
        if pid is not None:
            return run
        how = {"running": "its process is gone (dead)", "idle": "it was never run"}.get(run.status, run.status)
        raise ControlError(f"no run of session {self.session_id!r} goes on: {how}; nothing was changed")

    def _file(self, folder: int) -> ControlFile:
        try:
            return open_control(folder, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise ControlError(
                f"the run of session {self.session_id!r} cannot be steered: {error.strerror or error}; "
                f"its process is {holder(folder) or 'unknown'}"
            ) from error

    def _answer(self, folder: int, run: LastRun, file: ControlFile, command: Command) -> Heard:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            over = not goes_on(folder, run)
            for record in file.new():
                if isinstance(record, Heard) and record.id == command.id:
                    return self._accepted(record)
            if over:
                raise ControlError(f"the run of session {self.session_id!r} has ended; nothing was changed")
            time.sleep(LOOK)
        raise ControlError(
            f"the run of session {self.session_id!r} did not answer within {PATIENCE:g}s; it still may. "
            f"Its process is {holder(folder) or 'unknown'}"
        )

    def _accepted(self, answer: Heard) -> Heard:
        if not answer.done:
            raise ControlError(f"the run of session {self.session_id!r} {answer.text}; nothing was changed")
        return answer

    def _ended(self, folder: int, run: LastRun) -> bool:
        until = time.monotonic() + PATIENCE
        while still := goes_on(folder, run):
            if time.monotonic() >= until:
                break
            time.sleep(LOOK)
        return not still
