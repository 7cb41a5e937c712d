"""Whether the lines of a chained file follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolyard_kernel.ledger.findings import Findings
from toolyard_kernel.ledger.lines import DamagedLineError, Line, read_line
from toolyard_kernel.ledger.reading import LONGEST_LINE, raw_lines


@dataclass(slots=True)
class Sequence:
    """Reads files line by line, each after the one before; `seq` and `prev` are what the next line must carry.

    After a problem they are None: the next line is believed what it follows, so that each problem is named once.
    """

    findings: Findings
    counted: bool = True
    seq: int | None = 0
    prev: str | None = ""
    torn: int | None = None
    """The number of the last line of the last file, when that line has no end."""

    def read(self, path: Path, name: str) -> Iterator[tuple[int, Line]]:
        """The whole and unchanged lines of a file with their numbers; what is wrong is found on the way."""
        self.torn = None
        for number, raw in enumerate(raw_lines(path), 1):
            if not raw.endswith(b"\n") and len(raw) < LONGEST_LINE:
                self.torn = number
                return
            self.findings.records += self.counted
            line = self._line(name, number, raw)
            if line:
                yield number, line

    def lose(self) -> None:
        """Something is missing here, and was named."""
        self.seq = self.prev = None

    def _line(self, name: str, number: int, raw: bytes) -> Line | None:
        try:
            line = read_line(raw)
        except DamagedLineError as error:
            self.findings.problem(name, number, str(error))
            self.seq, self.prev = None if self.seq is None else self.seq + 1, None
            return None
        if wrong := self._out_of_place(line):
            self.findings.problem(name, number, wrong)
        self.seq, self.prev = line.seq + 1, line.hash
        return line

    def _out_of_place(self, line: Line) -> str | None:
        if self.seq is not None and line.seq > self.seq:
            missing = line.seq - self.seq
            return f"{missing} record{'s are' if missing > 1 else ' is'} missing before it"
        if self.seq is not None and line.seq < self.seq:
            return f"out of order or repeated: record {line.seq} stands where record {self.seq} belongs"
        if self.prev is not None and line.prev != self.prev:
            return "it does not follow the record before it"
        return None
