"""Whether `toolyard run` keeps its session, and which one it goes on with."""

from __future__ import annotations

from dataclasses import dataclass

import click

from toolyard_agents.agent import Agent
from toolyard_agents.control.naming import find
from toolyard_agents.errors import StateError
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.session.session import Session
from toolyard_agents.store.store import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """`prefix` is the beginning of a stored session's id; without it the session is new."""

    prefix: str | None
    store: bool

    def __post_init__(self) -> None:
        if self.prefix is not None and not self.store:
            raise click.UsageError("--session goes on with a stored session; leave out --no-store")

    def session(self, agent: Agent, context: RunContext) -> Session:
        """The session to run in.

        Raises:
            UnknownName: the prefix means no session, or several.
            SessionBusy: the session runs already.
            TraceError, StateError: it cannot be gone on with, or no session can be stored.
        """
        if not self.store:
            return Session(agent, context=context)
        store = SessionStore()
        try:
            if self.prefix is None:
                return store.create_session(agent, context=context)
            return store.resume(find(store.folder, self.prefix), agent, context=context)
        except OSError as error:
            raise StateError(
                f"no session can be kept in {store.folder}: {error.strerror or error}; --no-store runs without one"
            ) from error
