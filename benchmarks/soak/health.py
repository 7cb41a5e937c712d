"""What a server holds, looked at again and again: at the end it must hold what it held when it was warm."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from benchmarks.soak.trouble import Troublemaker
from benchmarks.wire.processes import PATIENCE, Server

GROWTH = 0.05
"""The part of its memory by which a server may have grown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Descriptors and tasks of one server while nobody asks anything of it."""

    descriptors: int
    tasks: int


def held(name: str, server: Server, asker: Troublemaker) -> Held:
    ask = asker.over_http if name == "http" else asker.over_stdio
    tasks = int(ask("count_tasks", {})["result"]["content"][0]["text"])
    return Held(descriptors=server.descriptors(), tasks=tasks)


def settled(name: str, server: Server, asker: Troublemaker, before: Held) -> Held:
    """What it holds once it holds no more than before, or when it was waited for long enough."""
    end = time.monotonic() + PATIENCE
    now = held(name, server, asker)
    while any(has > asdict(before)[what] for what, has in asdict(now).items()) and time.monotonic() < end:
        time.sleep(0.2)
        now = held(name, server, asker)
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One server over the whole soak; memory in bytes, a reading for each round since it was warm."""

    name: str
    before: Held
    after: Held
    memory: tuple[int, ...]

    @property
    def warm(self) -> float:
        return statistics.median(self.memory[: self._part])

    @property
    def last(self) -> float:
        return statistics.median(self.memory[-self._part :])

    @property
    def _part(self) -> int:
        return max(len(self.memory) // 5, 1)

    def problems(self) -> Iterator[str]:
        if self.last > self.warm * (1 + GROWTH):
            yield f"{self.name}: memory grew from {self.warm / 2**20:.1f} to {self.last / 2**20:.1f} MiB"
        for what, had in asdict(self.before).items():
            if (has := asdict(self.after)[what]) > had:
                yield f"{self.name}: {has - had} {what} are left over"
