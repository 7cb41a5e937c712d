"""The trace of a run from the command line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from toolyard_agents.agent import Agent
from toolyard_agents.policies.default import policy_of
from toolyard_agents.session.emitting import Keep
from toolyard_agents.store.folders import make_private
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter
from toolyard_kernel.errors import ConfigError


@contextmanager
def trace_writer(agent: Agent, folder: Path | None) -> Generator[Keep | None]:
    """What is given each event, and writes it down in the folder; None without one.

    Raises:
        ConfigError: the folder cannot be made.
    """
    if folder is None:
        yield None
        return
    try:
        make_private(folder)
    except OSError as error:
        raise ConfigError(f"traces cannot be written in {folder}: {error.strerror}; choose another folder") from error
    with TraceWriter(folder=folder, subject=Subject.of(agent, policy_of(agent))) as trace:
        yield trace.keep
