"""What the gate and the sandbox cost on top of the bare operation.

Every row is measured in turn, round after round, in one process; a figure is the median of the rounds, and a ratio
compares medians of the same run. Usage: toolkits.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolyard import ToolCall
from toolyard.mcp import create_mcp_runtime
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.profile import PermissionProfile

LINES = "".join(f"{number} the quick brown fox jumps over the lazy dog\n" for number in range(200))
ROWS, FILES = 1000, 200
QUERY = "select id, name from items where id < 50"
COMMAND = "cat notes.txt"
READONLY = BUILT_IN["readonly"]
DEVELOPER = BUILT_IN["developer"]

Operation = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row: the same work, bare and through Toolyard, the first of `ways` being what others are compared with."""

    name: str
    ways: Mapping[str, Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The median time of one way, in milliseconds, and how many times the first way's that is."""

    operation: str
    way: str
    milliseconds: float
    ratio: float


async def main(rounds: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root)
        async with AsyncExitStack() as stack:
            call = await opened(root, stack)
            figures = await measured(comparisons(root, call), rounds)
    if as_json:
        about = {"python": platform.python_version(), "machine": platform.machine(), "rounds": rounds}
        print(json.dumps({**about, "figures": [asdict(figure) for figure in figures]}, indent=2))
    else:
        print(table(figures))


def fill(root: Path) -> None:
    (root / "data/many").mkdir(parents=True)
    (root / "data/notes.txt").write_text(LINES)
    for number in range(FILES):
        (root / f"data/many/{number:03}.txt").write_text(LINES)
    with closing(sqlite3.connect(root / "shop.db")) as database, database:
        database.execute("create table items (id integer primary key, name text)")
        database.executemany("insert into items values (?, ?)", [(n, f"item {n}") for n in range(ROWS)])


Call = Callable[..., Operation]


async def opened(root: Path, stack: AsyncExitStack) -> Call:
    """A function that makes the operation of calling a tool, through the gate and into a real ledger."""
    data = str(root / "data")
    toolkits: dict[str, dict[str, Any]] = {
        "files": {"root": data},
        "search": {"root": data},
        "shell": {"root": data},
        "database": {"connections": {"shop": {"url": f"sqlite:///{root}/shop.db"}}},
    }
    runtime = create_mcp_runtime(toolkits=toolkits, ledger=FileLedger(root / "state"))
    await stack.enter_async_context(runtime.lifespan())
    gate = runtime.gate("mcp")

    def call(tool: str, profile: PermissionProfile, **arguments: object) -> Operation:
        caller = runtime.caller("benchmark", profile)

        async def run() -> None:
            outcome = await gate.call(ToolCall(tool=tool, arguments=dict(arguments)), caller)
            if not outcome.ok:
                sys.exit(f"{tool}: {outcome.status}: {outcome.text}")

        return run

    return call


def comparisons(root: Path, call: Call) -> Sequence[Comparison]:
    data = root / "data"
    return (
        Comparison(
            name="read a file of 200 lines",
            ways={
                "bare": plain((data / "notes.txt").read_text),
                "gate": call("read", READONLY, path="notes.txt"),
            },
        ),
        Comparison(
            name="write the same file",
            ways={
                "bare": plain(lambda: (data / "made.txt").write_text(LINES)),
                "gate": call("write", DEVELOPER, path="made.txt", content=LINES),
            },
        ),
        Comparison(
            name=f"list a folder of {FILES} files",
            ways={
                "bare": plain(lambda: [(each.name, each.stat().st_size) for each in (data / "many").iterdir()]),
                "gate": call("list", READONLY, path="many"),
            },
        ),
        Comparison(
            name=f"search {FILES} files",
            ways={
                **({"bare": process("rg", "-n", "199 the", ".", folder=data)} if shutil.which("rg") else {}),
                "gate": call("grep", READONLY, pattern="199 the", max_matches=1000),
            },
        ),
        Comparison(
            name="query 50 rows of SQLite",
            ways={
                "bare": plain(lambda: query(root / "shop.db")),
                "gate": call("sql_query", READONLY, connection="shop", sql=QUERY),
            },
        ),
        Comparison(
            name=f"run `{COMMAND}`",
            ways={
                "bare": process("bash", "-c", COMMAND, folder=data),
                "gate, unconfined": call("bash", DEVELOPER, command=COMMAND),
                **({"gate, sandbox": call("bash", READONLY, command=COMMAND)} if shutil.which("bwrap") else {}),
            },
        ),
    )


def plain(work: Callable[[], object]) -> Operation:
    async def run() -> object:
        return work()

    return run


def process(*command: str, folder: Path) -> Operation:
    async def run() -> None:
        pipe = asyncio.subprocess.PIPE
        started = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=pipe, stderr=pipe)
        await started.communicate()

    return run


def query(path: Path) -> list[Any]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(QUERY).fetchall()


async def measured(rows: Sequence[Comparison], rounds: int) -> list[Figure]:
    """The figures of `rounds` rounds after one that is not counted; a round runs every way of every row once."""
    times: dict[tuple[str, str], list[float]] = {(row.name, way): [] for row in rows for way in row.ways}
    for number in range(rounds + 1):
        for row in rows:
            for way, operation in row.ways.items():
                began = time.perf_counter()
                await operation()
                if number:
                    times[row.name, way].append((time.perf_counter() - began) * 1000)
        show_progress(number, rounds)
    medians = {key: statistics.median(found) for key, found in times.items()}
    return [
        Figure(
            operation=row.name,
            way=way,
            milliseconds=round(medians[row.name, way], 3),
            ratio=round(medians[row.name, way] / medians[row.name, next(iter(row.ways))], 1),
        )
        for row in rows
        for way in row.ways
    ]


def show_progress(done: int, rounds: int) -> None:
    if sys.stderr.isatty():
        print(f"\rround {done} of {rounds}", end="" if done < rounds else "\n", file=sys.stderr)


def table(figures: Sequence[Figure]) -> str:
    lines = [f"{'operation':32}{'way':20}{'median':>12}{'ratio':>8}"]
    before = ""
    for figure in figures:
        name = "" if figure.operation == before else figure.operation
        lines.append(f"{name:32}{figure.way:20}{figure.milliseconds:>9.3f} ms{figure.ratio:>8.1f}")
        before = figure.operation
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="how often each operation is measured")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, as_json=given.json))
