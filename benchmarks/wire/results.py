"""What a run of the benchmark found, and how it is kept: one JSON document with versions and machine."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.wire.contenders import FLOOR, Era, Transport
from benchmarks.wire.gate import GateFigure
from benchmarks.wire.load import Sample
from benchmarks.wire.messages import Method
from benchmarks.wire.plan import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFigure:
    """One contender in one cell: medians of the rounds, and percentiles of all its answers.

    `ratio` is to the floor, round by round; `cpu_us` is the server's CPU for each answer.
    """

    transport: Transport
    era: Era
    method: Method
    tools: int
    in_flight: int
    contender: str
    cpu_us: float
    ratio: float
    p50_ms: float
    p99_ms: float
    per_second: float
    answer_bytes: int
    answers: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFigure:
    """From the start of a process to its first `tools/list` over stdio, in milliseconds."""

    contender: str
    ms: float
    least_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFigure:
    """What an HTTP server holds after all that load, and what each session of an idle client adds."""

    contender: str
    few_tools_mib: float
    many_tools_mib: float
    session_kib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """`about` has machine and method; `versions` are of who was measured, and the rest is named with a reason."""

    about: Mapping[str, Any]
    versions: Mapping[str, str]
    left_out: Mapping[str, str]
    failed: Mapping[str, str]
    loads: tuple[LoadFigure, ...]
    starts: tuple[StartFigure, ...]
    memory: tuple[MemoryFigure, ...]
    gate: tuple[GateFigure, ...]

    def load(self, cell: Cell, contender: str) -> LoadFigure | None:
        asked = asdict(cell)
        return next(
            (each for each in self.loads if each.contender == contender and asked.items() <= asdict(each).items()), None
        )

    def start(self, contender: str) -> StartFigure | None:
        return next((each for each in self.starts if each.contender == contender), None)

    @property
    def failures(self) -> int:
        return sum(each.failures for each in self.loads)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def read_results(path: Path) -> Results:
    kept = json.loads(path.read_text())
    return Results(
        about=kept["about"],
        versions=kept["versions"],
        left_out=kept["left_out"],
        failed=kept["failed"],
        loads=tuple(LoadFigure(**each) for each in kept["loads"]),
        starts=tuple(StartFigure(**each) for each in kept["starts"]),
        memory=tuple(MemoryFigure(**each) for each in kept["memory"]),
        gate=tuple(GateFigure(**each) for each in kept["gate"]),
    )


def load_figures(samples: Mapping[tuple[Cell, str], Sequence[Sample]], names: Sequence[str]) -> tuple[LoadFigure, ...]:
    """In the order of the cells, and of the names in each."""
    cells = dict.fromkeys(cell for cell, _ in samples)
    return tuple(
        _figure(cell, name, samples[cell, name], samples[cell, FLOOR])
        for cell in cells
        for name in names
        if (cell, name) in samples
    )


def _figure(cell: Cell, name: str, taken: Sequence[Sample], floor: Sequence[Sample]) -> LoadFigure:
    latencies = sorted(latency for sample in taken for latency in sample.latencies)
    return LoadFigure(
        transport=cell.transport,
        era=cell.era,
        method=cell.method,
        tools=cell.tools,
        in_flight=cell.in_flight,
        contender=name,
        cpu_us=round(statistics.median(map(_cpu_us, taken)), 1),
        ratio=round(
            statistics.median(_cpu_us(mine) / _cpu_us(its) for mine, its in zip(taken, floor, strict=False)), 2
        ),
        p50_ms=round(latencies[len(latencies) // 2] / 1e6, 3),
        p99_ms=round(latencies[len(latencies) * 99 // 100] / 1e6, 3),
        per_second=round(statistics.median(sample.calls / sample.took * 1e9 for sample in taken), 1),
        answer_bytes=taken[-1].size,
        answers=len(latencies),
        failures=sum(sample.failures for sample in taken),
    )


def _cpu_us(sample: Sample) -> float:
    return sample.cpu / sample.calls / 1000
