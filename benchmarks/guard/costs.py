"""What an operation costs, in two ways that no other process on the machine changes much.

The number of bytecode instructions is the same in every run, and blind to what happens in C. CPU time as a multiple of
a fixed piece of work, done in turn with it, sees that too, but not precisely.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from benchmarks.guard.operations import Operation

WARM_UP = 20
COUNTED = 5
"""Runs whose instructions are counted."""
ROUNDS = 60
AT_ONCE = 20
"""Runs that are timed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Instructions, and CPU time as a multiple of the yardstick's; both are medians."""

    instructions: int
    ratio: float


async def costs(operations: Mapping[str, Operation], rounds: int = ROUNDS) -> dict[str, Cost]:
    for operation in operations.values():
        for _ in range(WARM_UP):
            await operation()
    counted = {name: await instructions(operation) for name, operation in operations.items()}
    ratios = await _ratios(operations, rounds)
    return {name: Cost(instructions=counted[name], ratio=ratios[name]) for name in operations}


async def instructions(operation: Operation) -> int:
    """The median over a few runs, for an operation may now and then do what it does not do every time."""
    return round(statistics.median([await _counted(operation) for _ in range(COUNTED)]))


async def _counted(operation: Operation) -> int:
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if event == "opcode":
            count += 1
        else:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        await asyncio.create_task(_awaited(operation))
    finally:
        sys.settrace(before)
    return count


async def _awaited(operation: Operation) -> None:
    """In a task of its own: a frame that runs already when tracing begins is not traced."""
    await operation()


async def _ratios(operations: Mapping[str, Operation], rounds: int) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
        for name, operation in operations.items():
            began = time.process_time_ns()
            for _ in range(AT_ONCE):
                await operation()
            took = time.process_time_ns() - began
            found[name].append(took / AT_ONCE / _yardstick_time())
    return {name: round(statistics.median(ratios), 3) for name, ratios in found.items()}


def _yardstick_time() -> float:
    """Nanoseconds of CPU for one run of the yardstick."""
    began = time.process_time_ns()
    for _ in range(AT_ONCE):
        yardstick()
    return (time.process_time_ns() - began) / AT_ONCE


def yardstick() -> int:
    """A fixed piece of work of the kind that serving is: objects, calls, text and JSON. It must never be changed."""
    rows = [{"id": number, "name": f"row {number}", "tags": ["a", "b"]} for number in range(30)]
    read: list[dict[str, Any]] = json.loads(json.dumps(rows))
    return sum(len(row["name"]) + row["id"] for row in sorted(read, key=lambda row: -row["id"]))
