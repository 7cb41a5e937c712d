"""`SessionStore`: sessions that can be listed, and gone on with by another process."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.control.control_file import Channel
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.state.state import State
from toolyard_agents.store.about import SessionInfo
from toolyard_agents.store.files import SessionFiles
from toolyard_agents.store.folders import sessions_folder


class SessionStore:
    """Sessions in `folder`, by default `$XDG_CONFIG_HOME/toolyard/sessions`, each in a folder of its own.

    Whatever holds in a session's state is in its trace already. Any number of processes share a store; a session is
    run by one of them at a time.
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else sessions_folder()
        self._files = SessionFiles(self.folder)

    def create_session(self, agent: Agent, *, context: RunContext | None = None) -> Session:
        """A new session of the agent; `context` is that of `Session`.

        Raises:
            OSError: it cannot be stored.
        """
        about = {"model": _model(agent), "profile": agent.profile.profile, "agent": agent.name}
        return self._session(agent, self._files.create(**about), context)

    def resume(self, session_id: str, agent: Agent, *, context: RunContext | None = None) -> Session:
        """Go on with a session, with this agent. A run that broke off with its process has ended as an error.

        Raises:
            UnknownName: there is no such session.
            SessionBusy: it is running, maybe in another process.
            TraceError: its trace is damaged.
            OSError: it cannot be read or written.
        """
        about = {"model": _model(agent), "profile": agent.profile.profile, "agent": agent.name}
        return self._session(agent, self._files.resume(session_id, **about), context)

    def list(self) -> list[SessionInfo]:
        """All sessions, newest first; what is none, or is damaged, is left out."""
        return self._files.list()

    def get_latest_id(self) -> str | None:
        """The id of the newest session; None when there is none."""
        return self._files.latest()

    def delete(self, session_id: str) -> None:
        """Remove a session for good.

        Raises:
            UnknownName: there is no such session.
            SessionBusy: it is running.
            OSError: it cannot be removed.
        """
        self._files.delete(session_id)

    def _session(self, agent: Agent, state: State, context: RunContext | None) -> Session:
        session = Session(agent, state=state, context=context)
        session.channel = Channel(root=self.folder, session_id=state.session_id)
        return session


def _model(agent: Agent) -> str:
    return agent.model if isinstance(agent.model, str) else agent.model.name
