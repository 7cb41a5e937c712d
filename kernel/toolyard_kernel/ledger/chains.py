"""Whether the files of one process's chain are whole, in order, and as they were written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from toolyard_kernel.ledger.findings import Findings
from toolyard_kernel.ledger.lines import Line
from toolyard_kernel.ledger.names import part_name
from toolyard_kernel.ledger.sequence import Sequence

TORN = "torn: its process was killed, or the disk was full, while it was written"
UNCLOSED = "not closed: its process was killed or still runs, so records taken from its end would not be missed"
CLOSING = "closed, and the index does not say so: its process was killed in between"
EMPTY = "empty: its process was killed when it had made it, or has nothing to say yet"
STRANGER = "the index does not know this chain of files: it was put here, or lines of the index were taken away"


@dataclass(frozen=True, slots=True)
class Head:
    """How a chain ended that was closed: how many records it has, and the hash of the last."""

    records: int
    hash: str


@dataclass(slots=True)
class Chain:
    """Reads the files of one chain, in order. `parts` are those that were there when the folder was listed."""

    folder: Path
    name: str
    parts: list[int]
    findings: Findings
    sequence: Sequence = field(init=False)
    last: Line | None = None
    end: str | None = None
    """The last file that has any line."""
    torn: int | None = None
    """The number of its last line, when that line has no end."""
    empty: str | None = None
    """The file without lines that follows it."""

    def __post_init__(self) -> None:
        self.sequence = Sequence(self.findings)

    def verify(self, head: Head | None, *, known: bool) -> None:
        """Read all files. `head` is the end that the index has, and `known` whether it has the chain at all."""
        part = 0
        while part <= max(self.parts, default=0) or self._goes_on_in(part):
            self._part(part)
            part += 1
        if head:
            self._closed(self.empty or self.end, head)
        elif self.end:
            self._unclosed(self.end, known=known)
        if self.empty and not head:
            self.findings.note(self.empty, None, EMPTY)

    def _goes_on_in(self, part: int) -> bool:
        """Whether the file before says that this one follows."""
        return self.last is not None and self.last.record.get("next") == part_name(self.name, part)

    def _part(self, part: int) -> None:
        name = part_name(self.name, part)
        try:
            size = (self.folder / name).stat().st_size
        except FileNotFoundError:
            self.findings.problem(name, None, "missing: the index or the other files of its chain name it")
            self.sequence.lose()
            self.last = None
            return
        self.findings.files += 1
        if size:
            self._before(part)
            self._read(part, name)
        else:
            self.empty = name

    def _before(self, part: int) -> None:
        """A file with lines follows: the one before must have its end."""
        if part == 0:
            return
        before = part_name(self.name, part - 1)
        if self.empty == before:
            self.findings.problem(before, None, "empty: another file goes on after it")
            self.sequence.lose()
        elif self.end != before:
            return  # it is missing, and was named
        elif self.torn is not None:
            self.findings.problem(before, self.torn, "torn, and yet another file goes on after it")
            self.sequence.lose()
        elif not self._goes_on_in(part):
            self.findings.problem(before, None, "its end is missing: another file goes on after it")
            self.sequence.lose()

    def _read(self, part: int, name: str) -> None:
        self.last, self.end, self.empty = None, name, None
        for number, line in self.sequence.read(self.folder / name, name):
            if number == 1:
                self._first(part, name, line)
            elif self.last and self.last.record.get("event") in ("rotate", "close"):
                self.findings.problem(name, number, "it stands after the end of its file")
            self.last = line
            self.findings.calls.see(line.record)
        self.torn = self.sequence.torn

    def _first(self, part: int, name: str, line: Line) -> None:
        record, follows = line.record, part_name(self.name, part - 1) if part else None
        if record.get("event") != "open":
            self.findings.problem(name, 1, "its beginning is missing")
        elif record.get("file") != name or record.get("follows") != follows:
            self.findings.problem(name, 1, f"this is the beginning of another file, {record.get('file')}")

    def _closed(self, end: str | None, head: Head) -> None:
        if end is None:
            return  # all of it is missing, and was named
        if self.torn is not None:
            self.findings.problem(end, self.torn, "torn, though the index says that it was closed")
        elif self.sequence.seq is not None and not self._is(head):
            what = f"it ends after {self.sequence.seq} records; the index says that it was closed after {head.records}"
            self.findings.problem(end, None, what)

    def _is(self, head: Head) -> bool:
        return self.sequence.seq == head.records and self.sequence.prev in (None, head.hash)

    def _unclosed(self, end: str, *, known: bool) -> None:
        if not known:
            self.findings.problem(end, None, STRANGER)
        if self.torn is not None:
            self.findings.note(end, self.torn, TORN)
        closed = self.last is not None and self.last.record.get("event") == "close"
        self.findings.note(end, None, CLOSING if closed else UNCLOSED)
