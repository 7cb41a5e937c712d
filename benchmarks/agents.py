"""What an agent's turns and tool calls cost when the model answers at once, next to other frameworks.

Every framework does the same runs in turn, round after round, in one process; a figure is the median of the rounds,
and a ratio compares it with Toolyard's of the same run. What a run costs once is in the figures of its turns and
calls. Toolyard streams, checks and records every call; the others run without streaming or tracing, and a session of
theirs is a list in memory. `make bench-agents` installs them; without them Toolyard is measured alone.

Usage: python -m benchmarks.agents [--rounds N] [--at-once N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.contenders.contender import ANSWER, Contender, Plan
from benchmarks.contenders.toolyard import opened_contenders

PEERS = ("openai_agents", "pydantic_ai")
MOST = 1.0
"""Milliseconds that a turn of Toolyard may take."""
RUNS = 10
"""Runs that are timed together at least, one after another where one session runs at once."""
IDLE = 200
"""Sessions that are kept to see what one of them holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement: a run, and how many of what is counted are in it."""

    name: str
    plan: Plan
    parts: int
    is_turn: bool = True


ONE_TURN = Row(name="a run of one turn", plan=Plan(asking=0, calls=0), parts=1)
ROWS = (
    ONE_TURN,
    Row(name="a turn with a call, of 5", plan=Plan(asking=5, calls=1), parts=5),
    Row(name="a call, of 10 in one answer", plan=Plan(asking=1, calls=10), parts=10, is_turn=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The median of one framework, in `unit`, and how many times Toolyard's that is."""

    operation: str
    sessions: int
    framework: str
    value: float
    unit: str
    ratio: float


Key = tuple[Row, int, str]


async def main(rounds: int, at_once: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder  # the ledger's
        async with opened_contenders(Path(folder, "sessions")) as ours:
            peers, missing = load_peers()
            contenders: list[Contender] = [*ours, *peers]
            times = await measured(contenders, sorted({1, at_once}), rounds)
            figures = [*timings(times), *await memory(contenders)]
    worst = {one.name: worst_turn(one.name, times) for one in ours}
    if as_json:
        versions = {one.name: one.version for one in contenders}
        machine = {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count()}
        target = {"ms_per_turn": MOST, "worst": worst, "holds": {name: took <= MOST for name, took in worst.items()}}
        about = {**machine, "rounds": rounds, "versions": versions, "left_out": missing, "target": target}
        print(json.dumps({**about, "figures": [asdict(figure) for figure in figures]}, indent=2))
    else:
        print(table(figures))
        for peer, reason in missing.items():
            print(f"{peer} is left out: {reason}")
        for name, took in worst.items():
            verdict = "holds" if took <= MOST else "missed"
            print(f"{name}: at most {MOST:g} ms a turn: {verdict}, {took:.3f} ms in the slowest row")


def worst_turn(framework: str, times: Mapping[Key, Sequence[float]]) -> float:
    """The highest median of its rows about turns, in milliseconds."""
    rows = (found for (row, _, name), found in times.items() if row.is_turn and name == framework)
    return round(max(map(statistics.median, rows)), 3)


def load_peers() -> tuple[list[Contender], dict[str, str]]:
    """The other frameworks that are installed, and why the rest is left out."""
    peers: list[Contender] = []
    missing: dict[str, str] = {}
    for name in PEERS:
        try:
            peers.append(import_module(f"benchmarks.contenders.{name}").Peer())
        except Exception as error:  # noqa: BLE001 - whatever a new release of a peer breaks, the others are measured
            missing[name] = f"{type(error).__name__}: {error}"
    return peers, missing


async def measured(contenders: Sequence[Contender], at_once: Sequence[int], rounds: int) -> dict[Key, list[float]]:
    """Milliseconds for each part, in `rounds` rounds after one that is not counted."""
    times: dict[Key, list[float]] = {
        (row, sessions, one.name): [] for sessions in at_once for row in ROWS for one in contenders
    }
    for number in range(rounds + 1):
        for sessions in at_once:
            for row in ROWS:
                for one in contenders:
                    took = await timed(one, row.plan, sessions)
                    if number:
                        times[row, sessions, one.name].append(took * 1000 / row.parts)
        show_progress(number, rounds)
    return times


async def timed(contender: Contender, plan: Plan, at_once: int) -> float:
    """Seconds for each run, when that many new sessions run at once."""
    waves = [[contender.session() for _ in range(at_once)] for _ in range(max(RUNS // at_once, 1))]
    gc.collect()  # nobody pays for what another one left behind
    answers: set[str] = set()
    began = time.perf_counter()
    for wave in waves:
        answers.update(await asyncio.gather(*(contender.run(session, plan) for session in wave)))
    took = time.perf_counter() - began
    if answers != {ANSWER}:
        sys.exit(f"{contender.name} answered {sorted(answers)} and not {ANSWER!r}")
    return took / (len(waves) * at_once)


def timings(times: Mapping[Key, Sequence[float]]) -> list[Figure]:
    medians = {key: statistics.median(found) for key, found in times.items()}
    return [
        Figure(
            operation=row.name,
            sessions=sessions,
            framework=name,
            value=round(median, 3),
            unit="ms",
            ratio=round(median / medians[row, sessions, "toolyard"], 2),
        )
        for (row, sessions, name), median in medians.items()
    ]


async def memory(contenders: Sequence[Contender]) -> list[Figure]:
    """What a session holds that has had one run of one turn."""
    held = {one.name: await held_by(one) for one in contenders}
    return [
        Figure(
            operation="memory of an idle session",
            sessions=IDLE,
            framework=name,
            value=round(size / 1024, 2),
            unit="KiB",
            ratio=round(size / held["toolyard"], 2),
        )
        for name, size in held.items()
    ]


async def held_by(contender: Contender) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        made = [contender.session() for _ in range(IDLE)]
        for session in made:
            await contender.run(session, ONE_TURN.plan)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / len(made)
    finally:
        tracemalloc.stop()


def show_progress(done: int, rounds: int) -> None:
    if sys.stderr.isatty():
        print(f"\rround {done} of {rounds}", end="" if done < rounds else "\n", file=sys.stderr)


def table(figures: Sequence[Figure]) -> str:
    lines = [f"{'operation':30}{'sessions':>8}  {'framework':18}{'median':>12}{'ratio':>8}"]
    before = None
    for figure in figures:
        group = (figure.operation, figure.sessions)
        what = f"{'':40}" if group == before else f"{figure.operation:30}{figure.sessions:>8}  "
        lines.append(f"{what}{figure.framework:18}{figure.value:>8.3f} {figure.unit:3}{figure.ratio:>8.2f}")
        before = group
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each run is measured")
    parser.add_argument("--at-once", type=int, default=100, help="sessions of the rows with many")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.at_once, as_json=given.json))
