"""Reading a ledger while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolyard_kernel.ledger.names import ledger_files
from toolyard_kernel.ledger.reading import Sizes, call_record, raw_lines, read_folder


class Tail:
    """A ledger's folder in two parts: what was `before`, once, and what is `new`, as often as it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: Sizes = {name: (folder / name).stat().st_size for name in ledger_files(folder)}
        self._before = dict(self._read)

    def before(self) -> Iterator[dict[str, Any]]:
        """The records that were there, in the order of their times."""
        return read_folder(self._folder, self._before)

    def new(self) -> list[dict[str, Any]]:
        """The records that came since, in the order of their times."""
        names = ledger_files(self._folder)
        found = [record for name in names for record in self._new_in(name)]
        return sorted(found, key=lambda record: str(record.get("time")))

    def _new_in(self, name: str) -> Iterator[dict[str, Any]]:
        for raw in raw_lines(self._folder / name, begin=self._read.get(name, 0)):
            if not raw.endswith(b"\n"):
                return  # it is being written
            self._read[name] = self._read.get(name, 0) + len(raw)
            record = call_record(raw)
            if record is not None:
                yield record
