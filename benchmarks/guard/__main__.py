"""Whether calls have become dearer than they were when their cost was last accepted; no clock on the wall is read.

Usage: python -m benchmarks.guard [--accept] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.guard.costs import Cost, costs
from benchmarks.guard.operations import opened_operations

KEPT = Path(__file__).parent / "accepted.json"
PYTHON = ".".join(platform.python_version_tuple()[:2])
MORE_INSTRUCTIONS = 1.1
"""How many times as many instructions are still accepted: they hardly vary."""
MORE_TIME = 2.0
"""How many times the ratio to the yardstick is still accepted: on a busy machine it varies."""

Costs = Mapping[str, Cost]


async def measured() -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        async with opened_operations(Path(folder)) as operations:
            return await costs(operations)


def accepted(path: Path = KEPT) -> dict[str, dict[str, Cost]]:
    """Costs by the version of Python, and by operation."""
    kept: dict[str, dict[str, dict[str, Any]]] = json.loads(path.read_text()) if path.exists() else {}
    return {python: {name: Cost(**cost) for name, cost in each.items()} for python, each in kept.items()}


def accept(found: Costs, path: Path = KEPT) -> None:
    kept = {**accepted(path), PYTHON: found}
    written = {python: {name: asdict(cost) for name, cost in kept[python].items()} for python in sorted(kept)}
    path.write_text(json.dumps(written, indent=2) + "\n")


def problems(found: Costs, kept: Costs) -> Iterator[str]:
    for name in found.keys() ^ kept.keys():
        yield f"{name}: it is {'measured' if name in found else 'accepted'} only; run `make guard ARGS=--accept`"
    for name in found.keys() & kept.keys():
        now, then = found[name], kept[name]
        if now.instructions > then.instructions * MORE_INSTRUCTIONS:
            yield f"{name}: {now.instructions:,} instructions, {then.instructions:,} were accepted"
        if now.ratio > then.ratio * MORE_TIME:
            yield f"{name}: {now.ratio:g} times the yardstick, {then.ratio:g} times was accepted"


def table(found: Costs, kept: Costs) -> str:
    lines = [f"{'operation':30}{'instructions':>14}{'accepted':>10}{'× yardstick':>14}{'accepted':>10}"]
    for name, cost in found.items():
        was = kept.get(name)
        had = f"{was.instructions:>10,}" if was else f"{'-':>10}"
        took = f"{was.ratio:>10.2f}" if was else f"{'-':>10}"
        lines.append(f"{name:30}{cost.instructions:>14,}{had}{cost.ratio:>14.2f}{took}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="accept what calls cost now, on this version of Python")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    found = asyncio.run(measured())
    if given.accept:
        accept(found)
    kept = accepted().get(PYTHON, {})
    wrong = list(problems(found, kept)) if kept else []
    if given.json:
        print(json.dumps({"costs": {name: asdict(cost) for name, cost in found.items()}, "problems": wrong}))
    else:
        print("\n".join((table(found, kept), *wrong)))
        if not kept:
            print(f"nothing was accepted for Python {PYTHON} yet; `make guard ARGS=--accept` does")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
