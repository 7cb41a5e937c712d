"""Sessions as folders: `<id>/state.jsonl`, the trace, and `<id>/about.json`, which is written last."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from toolyard_agents.errors import TraceError
from toolyard_agents.state.journal import FLAGS, bring_up
from toolyard_agents.state.state import State
from toolyard_agents.state.traces import parse, read_all
from toolyard_agents.store.about import About, SessionInfo, read_about, read_info, write_about
from toolyard_agents.store.folders import TRACE, is_id, make_private, new_id, open_in, session_folder
from toolyard_agents.store.locks import SessionLock
from toolyard_agents.store.recording import Recording
from toolyard_kernel.errors import ToolyardError, UnknownName

log = logging.getLogger("toolyard")


class SessionFiles:
    """The sessions in a folder, which is made with the first of them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, *, model: str, profile: str, agent: str = "") -> State:
        """A new state whose every change is in its trace before it holds.

        Raises:
            OSError: it cannot be written.
        """
        state = State(new_id())
        make_private(self.root)
        (self.root / state.session_id).mkdir(mode=0o700)
        with session_folder(self.root, state.session_id) as folder:
            size = _written(folder, state)
            write_about(folder, About(created_at=time.time(), model=model, profile=profile, agent=agent))
        state.record_to(Recording(self.root, state.session_id, size))
        return state

    def resume(self, session_id: str, *, model: str, profile: str, agent: str = "") -> State:
        """The state of a session, as far as it was ever told to have come; a run that broke off has ended as an error.

        Raises:
            UnknownName: there is no such session.
            SessionBusy: it is running, maybe in another process.
            TraceError: its trace is damaged.
            OSError: it cannot be read or written.
        """
        with session_folder(self.root, session_id) as folder, ExitStack() as stack:
            about = self._about(folder, session_id)
            stack.callback(SessionLock(folder, session_id).close)
            state = self._restored(folder, session_id)
            size = _written(folder, state)
            had = replace(about, model=model, profile=profile, agent=agent or about.agent)
            if had != about:
                write_about(folder, had)
        state.record_to(Recording(self.root, session_id, size))
        return state

    def list(self) -> list[SessionInfo]:
        """All sessions, newest first; what is none, or is damaged, is left out."""
        infos: list[SessionInfo] = []
        for session_id in self.ids():
            try:
                with session_folder(self.root, session_id) as folder:
                    infos.append(read_info(folder, session_id))
            except (ToolyardError, OSError, ValueError, OverflowError) as error:
                log.debug("%s is no session that can be listed: %s", self.root / session_id, error)
        return sorted(infos, key=lambda info: (info.created_at, info.id), reverse=True)

    def latest(self) -> str | None:
        """The id of the session that was made last."""
        return next((info.id for info in self.list()), None)

    def delete(self, session_id: str) -> None:
        """Remove a session for good.

        Raises:
            UnknownName: there is no such session.
            SessionBusy: it is running.
            OSError: it cannot be removed.
        """
        with session_folder(self.root, session_id) as folder, ExitStack() as stack:
            stack.callback(SessionLock(folder, session_id).close)
            shutil.rmtree(self.root / Path(session_id).name)  # the name alone: this must not depend on the check above

    def ids(self) -> Iterator[str]:
        """The names in the folder that can be ids; what is behind them is not looked at."""
        try:
            names = os.listdir(self.root)  # noqa: PTH208 - names are enough
        except OSError:
            return iter(())
        return filter(is_id, names)

    def _about(self, folder: int, session_id: str) -> About:
        try:
            return read_about(folder)
        except FileNotFoundError as error:
            raise UnknownName(f"no session {session_id!r} is stored; `list` tells those that are") from error

    def _restored(self, folder: int, session_id: str) -> State:
        name = str(self.root / session_id / TRACE)
        descriptor = open_in(folder, TRACE, os.O_RDONLY)
        try:
            state = State.from_entries(parse(read_all(descriptor), name).entries, name)
        finally:
            os.close(descriptor)
        if state.session_id != session_id:
            raise TraceError(f"{name} is the trace of another session, {state.session_id!r}")
        if state.status == "running":
            state.end_run("error", at=state.entries[-1].time)
        return state


def _written(folder: int, state: State) -> int:
    """Bring the trace up to the state; how many bytes it has then."""
    descriptor = open_in(folder, TRACE, FLAGS | os.O_CREAT)
    try:
        journal = bring_up(descriptor, TRACE, state.entries)
    except BaseException:
        os.close(descriptor)
        raise
    with journal:
        return journal.size
