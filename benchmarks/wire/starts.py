"""How long a server takes from the start of its process to its first list of tools, over stdio."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks.wire.arena import Arena, progress
from benchmarks.wire.connections import StdioConnection
from benchmarks.wire.contenders import Contender
from benchmarks.wire.messages import FIRST, Exchange
from benchmarks.wire.plan import FEW
from benchmarks.wire.processes import BenchmarkError, Cores, started
from benchmarks.wire.results import StartFigure


def measured_starts(contenders: tuple[Contender, ...], times: int, arena: Arena) -> tuple[StartFigure, ...]:
    """Medians of so many starts of each, in turn, after one that is not counted."""
    taken: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
    for number in range(times + 1):
        for contender in contenders:
            if contender.name in arena.failed:
                continue
            try:
                found = _start(contender, arena.folder, arena.cores)
            except (BenchmarkError, OSError) as error:
                arena.failed[contender.name] = f"start: {error}"
                continue
            if number:
                taken[contender.name].append(found)
        progress(f"start {number} of {times}")
    return tuple(_figure(name, found) for name, found in taken.items() if found)


def _figure(name: str, taken: list[tuple[float, float]]) -> StartFigure:
    walls, cpus = zip(*taken, strict=True)
    return StartFigure(
        contender=name,
        ms=round(statistics.median(walls), 1),
        least_ms=round(min(walls), 1),
        cpu_ms=round(statistics.median(cpus), 1),
    )


def _start(contender: Contender, folder: Path, cores: Cores) -> tuple[float, float]:
    """Milliseconds, of the clock and of CPU."""
    command = contender.command("stdio", FEW)
    exchange = Exchange(method="tools/list", era="legacy", tools=FEW)
    log = folder / f"{contender.name}-start.log"
    began = time.perf_counter_ns()
    with started(command, log=log, cpus=cores.server, env=contender.env, piped=True) as server:
        connection = StdioConnection(server.process)
        connection.shake_hands()
        connection.send(exchange, FIRST)
        answers = list(connection.received())
        while not answers:
            answers = list(connection.received())
        took, cpu = time.perf_counter_ns() - began, server.cpu()
    if not exchange.holds(*answers[0]):
        raise BenchmarkError(f"{contender.name}: a wrong list of tools: {answers[0][1][:200]!r}")
    return took / 1e6, cpu / 1e6
