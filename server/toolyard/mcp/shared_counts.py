"""What several workers counted, as whoever of them is asked tells it for all."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from toolyard.mcp.metrics import Counted
from toolyard_kernel.calls.outcomes import Status
from toolyard_kernel.calls.tally import BOUNDS, Tally, total
from toolyard_kernel.whole_files import replace_file

EVERY = 1.0
"""Seconds between two times that a worker writes down what it counted, and so the age of what another one tells."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A worker's file: its calls as (tool, outcome, count)."""

    ended: list[tuple[str, Status, int]]
    runs: list[int]
    seconds: float
    under_way: int


_WRITTEN = TypeAdapter(Written)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCounts:
    """The files of all workers in `folder`, each named by its process. Of one that ended the counts stay."""

    folder: Path
    own: Callable[[], Counted]

    def all(self) -> Counted:
        """What this worker counted until now, and the others when they wrote last."""
        counted = [self.own(), *self._others()]
        return Counted(tally=total(each.tally for each in counted), under_way=sum(each.under_way for each in counted))

    @asynccontextmanager
    async def written(self) -> AsyncGenerator[None]:
        """Meanwhile this worker's counts are written, and once more at the end."""
        writing = asyncio.create_task(self._write_on(), name="toolyard-counts")
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.wait({writing})
            self._write()

    async def _write_on(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(EVERY)

    def _write(self) -> None:
        counted = self.own()
        ended: list[tuple[str, Status, int]] = [
            (tool, status, count) for (tool, status), count in counted.tally.ended.items()
        ]
        told = Written(ended=ended, runs=counted.tally.runs, seconds=counted.tally.seconds, under_way=counted.under_way)
        try:
            replace_file(self.folder / str(os.getpid()), _WRITTEN.dump_json(told).decode())
        except OSError as error:
            log.warning("what was counted cannot be written in %s: %s", self.folder, error.strerror)

    def _others(self) -> Iterator[Counted]:
        for path in self.folder.glob("[0-9]*"):
            if path.name == str(os.getpid()):
                continue
            try:
                told = _WRITTEN.validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                log.warning("what another worker counted cannot be read in %s: %s", path, error)
                continue
            if len(told.runs) == len(BOUNDS) + 1:
                ended = Counter[tuple[str, Status]]()
                ended.update({(tool, status): count for tool, status, count in told.ended})
                tally = Tally(ended=ended, runs=told.runs, seconds=told.seconds)
                yield Counted(tally=tally, under_way=told.under_way if _runs(int(path.name)) else 0)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:  # it ended; what has its number now, maybe another user's, is no worker
        return False
    return True
