"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MOST = 1000
"""Problems that are listed: whoever has more needs no longer list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in one file, and in which line of it, counted from 1, when it is about a line."""

    file: str
    line: int | None = None
    what: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.line is None else f', line {self.line}'}: {self.what}"


@dataclass(slots=True)
class Calls:
    """Which calls were begun and have no end. Only calls under way are held, however many there were."""

    count: int = 0
    open: dict[str, None] = field(default_factory=dict[str, None])
    early: set[str] = field(default_factory=set[str])

    def see(self, record: dict[str, Any]) -> None:
        event, call = record.get("event"), str(record.get("call_id"))
        if event == "start":
            self.count += 1
            self._start(call)
        elif event == "end" and call not in self.open:
            self.early.add(call)  # its beginning stands in a file that is read later
        elif event in ("end", "refusal"):
            self.open.pop(call, None)

    def _start(self, call: str) -> None:
        if call in self.early:
            self.early.remove(call)
        else:
            self.open[call] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`problems` say what was changed; `notes` what a process that was killed leaves behind."""

    files: int
    records: int
    calls: int
    unknown: tuple[str, ...]
    problems: tuple[Finding, ...]
    notes: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class Findings:
    """What is found on the way."""

    files: int = 0
    records: int = 0
    calls: Calls = field(default_factory=Calls)
    problems: list[Finding] = field(default_factory=list[Finding])
    notes: list[Finding] = field(default_factory=list[Finding])

    def problem(self, file: str, line: int | None, what: str) -> None:
        if len(self.problems) < MOST:
            self.problems.append(Finding(file=file, line=line, what=what))

    def note(self, file: str, line: int | None, what: str) -> None:
        self.notes.append(Finding(file=file, line=line, what=what))

    def verdict(self) -> Verdict:
        return Verdict(
            files=self.files,
            records=self.records,
            calls=self.calls.count,
            unknown=tuple(self.calls.open),
            problems=tuple(self.problems),
            notes=tuple(self.notes),
        )
