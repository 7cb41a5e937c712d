"""Toolyard under half load for a while, over HTTP in both eras and over stdio: nothing fails and nothing is left.

Half of the time the server's core is as busy as a client can make it, and half of the time nobody asks anything. In
between, clients make trouble: unknown tools, wrong arguments, nonsense, calls left midway, sessions opened and closed.
It fails when an answer was wrong, when memory grew by more than 5 % once it was warm, or when a descriptor or a task
is left.

Usage: python -m benchmarks.soak [--minutes N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from benchmarks.soak.health import Health, held, settled
from benchmarks.soak.trouble import Troublemaker
from benchmarks.soak.yard import TOOLS_OF_A_YARD, Yard, opened_yard
from benchmarks.wire.arena import progress
from benchmarks.wire.contenders import Era, Transport
from benchmarks.wire.messages import Method
from benchmarks.wire.plan import Cell
from benchmarks.wire.processes import BenchmarkError, cores, end_with_servers, require_linux

BURST = 0.2
"""Seconds of load at a time."""
WARM_UP = 0.25
"""The part of the time after which a server is warm."""


def _cell(transport: Transport, era: Era, method: Method, in_flight: int) -> Cell:
    return Cell(transport=transport, era=era, method=method, tools=TOOLS_OF_A_YARD, in_flight=in_flight)


CELLS = (
    _cell("http", "modern", "tools/call", 16),
    _cell("stdio", "legacy", "tools/call", 16),
    _cell("http", "legacy", "tools/call", 16),
    _cell("stdio", "legacy", "tools/list", 4),
    _cell("http", "modern", "tools/list", 4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was seen; `wrong` and `problems` are empty when all is well."""

    seconds: float
    answers: int
    wrong: tuple[str, ...]
    health: tuple[Health, ...]

    @property
    def problems(self) -> list[str]:
        return [*self.wrong, *(problem for each in self.health for problem in each.problems())]


def soak(yard: Yard, seconds: float) -> Report:
    asker = Troublemaker(yard)
    answers, wrong = _soaked(yard, asker, seconds * WARM_UP, {})
    before = {name: held(name, each.server, asker) for name, each in yard.servers.items()}
    memory: dict[str, list[int]] = {name: [] for name in yard.servers}
    more, also_wrong = _soaked(yard, asker, seconds * (1 - WARM_UP), memory)
    health = tuple(
        Health(
            name=name,
            before=before[name],
            after=settled(name, each.server, asker, before[name]),
            memory=tuple(memory[name]),
        )
        for name, each in yard.servers.items()
    )
    return Report(seconds=seconds, answers=answers + more, wrong=(*wrong, *also_wrong), health=health)


def _soaked(yard: Yard, asker: Troublemaker, seconds: float, memory: dict[str, list[int]]) -> tuple[int, list[str]]:
    """How many answers came, and what was wrong with them; memory is read after each burst."""
    answers, wrong, began = 0, list[str](), time.monotonic()
    for cell in cycle(CELLS):
        if time.monotonic() > began + seconds or wrong:
            break
        sample = yard.servers[cell.transport].sample(cell, BURST)
        answers += sample.calls
        if sample.failures:
            wrong.append(f"{cell}: {sample.failures} wrong answers")
        wrong += asker.make()
        for name, readings in memory.items():
            readings.append(yard.servers[name].server.memory())
        yard.trim_ledger()
        progress(f"{answers:,} answers")
        time.sleep(sample.took / 1e9)
    return answers, wrong


def text(report: Report) -> Iterator[str]:
    yield f"{report.answers:,} answers in {report.seconds:g} s"
    for each in report.health:
        yield (
            f"{each.name:6} memory {each.warm / 2**20:.1f} → {each.last / 2**20:.1f} MiB, "
            f"descriptors {each.before.descriptors} → {each.after.descriptors}, "
            f"tasks {each.before.tasks} → {each.after.tasks}"
        )
    yield from report.problems or ["nothing failed, nothing is left"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1, help="how long")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    require_linux()
    end_with_servers()
    with tempfile.TemporaryDirectory() as folder, opened_yard(Path(folder)) as yard:
        os.sched_setaffinity(0, cores().client)
        try:
            report = soak(yard, given.minutes * 60)
        except BenchmarkError as error:
            sys.exit(str(error))
    print(json.dumps({**asdict(report), "problems": report.problems}) if given.json else "\n".join(text(report)))
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
