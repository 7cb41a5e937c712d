"""Writing a trace: one line for each event, as it happens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from toolyard_agents.events import AgentEvent
from toolyard_agents.store.folders import make_private
from toolyard_agents.traces.lines import as_line
from toolyard_agents.traces.subject import Subject

VERSION = 2
FOLDER = Path(".toolyard/traces")
"""Where traces go when nobody says where."""


@dataclass(slots=True, kw_only=True)
class TraceWriter:
    """Writes `<run id>.jsonl` in `folder`, with mode 0600. The first line says what it is a trace of.

    `before` are the events of another run that this one goes on from; they become the first of its own.
    """

    folder: Path
    subject: Subject
    before: Sequence[AgentEvent] = ()
    _file: int | None = field(default=None, repr=False)
    _trace_id: str = ""
    _count: int = 0

    async def keep(self, event: AgentEvent) -> None:
        """Write an event of the run, or of one that it delegated to, before anybody hears of it.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is None:
            self._open(event.run_id)
            self._write({"type": "trace", "run_id": event.run_id, "time": event.timestamp, **self.subject.to_dict()})
            for earlier in self.before:
                self._write_event(replace(earlier, run_id=event.run_id))
        self._write_event(event)

    def _write_event(self, event: AgentEvent) -> None:
        told = event.to_dict()
        self._write({"time": told.pop("timestamp"), "event_seq": told.pop("seq"), **told})

    def _open(self, trace_id: str) -> None:
        make_private(self.folder)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file, self._trace_id = os.open(self.folder / f"{trace_id}.jsonl", flags, 0o600), trace_id

    def _write(self, line: dict[str, Any]) -> None:
        numbered = {"v": VERSION, "seq": self._count, "trace_id": self._trace_id, **line}
        rest = memoryview(as_line(numbered))
        assert self._file is not None  # noqa: S101 - opened by whoever calls this
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
