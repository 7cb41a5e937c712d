"""Two hundred runs at once on one runtime: all end, in order within each thread, and nothing is left of them."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.agents.runtime.yard import note, runtime_of, script, spec_of
from toolyard import Runtime, StorageSpec, define_specialist

pytestmark = pytest.mark.anyio

RUNS, THREADS = 200, 40
AGENTS = [define_specialist("a", prompt="x", tools=[note])]


async def run_all(runtime: Runtime, name: str) -> dict[str, list[int]]:
    """All at once; which runs ended in each thread, in their order."""
    ended: dict[str, list[int]] = {}

    async def run(number: int) -> None:
        thread = f"{name}-{number % THREADS}"
        async for event in runtime.query(script(("note", {"word": f"{number}"}), f"done {number}"), thread):
            assert event["type"] not in ("error", "tool_blocked"), event
            if event["type"] == "turn_complete":
                assert event["content"] == f"done {number}"
                ended.setdefault(thread, []).append(number)

    await asyncio.gather(*(run(number) for number in range(RUNS)))
    return ended


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_two_hundred_runs_at_once_end_in_the_order_of_their_threads(kind: str, tmp_path: Path) -> None:
    done: list[Any] = []
    storage = StorageSpec() if kind == "memory" else StorageSpec(kind="sqlite", path=str(tmp_path / "x.db"))
    async with runtime_of(spec_of(storage, agents=AGENTS), done) as runtime:
        ended = await run_all(runtime, "t")
    assert len(done) == RUNS
    assert len(ended) == THREADS
    for numbers in ended.values():
        assert numbers == sorted(numbers)
        assert len(numbers) == RUNS // THREADS


async def test_what_has_run_leaves_nothing_in_the_process(tmp_path: Path) -> None:
    storage = StorageSpec(kind="sqlite", path=str(tmp_path / "x.db"))
    async with runtime_of(spec_of(storage, agents=AGENTS)) as runtime:
        await run_all(runtime, "warm")
        tracemalloc.start()
        try:
            sizes: list[int] = []
            for turn in range(3):
                await run_all(runtime, f"t{turn}")
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert len(asyncio.all_tasks()) < 10
    assert sizes[2] - sizes[1] < 200_000, sizes
