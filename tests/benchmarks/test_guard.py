"""The guard sees that an operation has become dearer, and counts instructions the same in every run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.guard.__main__ import KEPT, accept, accepted, problems
from benchmarks.guard.costs import Cost, costs, instructions
from benchmarks.guard.operations import opened_operations

pytestmark = pytest.mark.anyio

WAS = {"gate": Cost(instructions=1000, ratio=2.0)}


async def test_every_operation_that_is_guarded_runs_and_has_a_cost_that_was_accepted(tmp_path: Path) -> None:
    async with opened_operations(tmp_path) as operations:
        found = await costs(operations, rounds=1)
    assert all(cost.instructions > 0 and cost.ratio > 0 for cost in found.values())
    for kept in accepted().values():
        assert kept.keys() == found.keys()
    assert accepted()


async def test_instructions_are_the_same_in_every_run_and_more_for_more_work() -> None:
    async def work(times: int) -> None:
        assert sum(number * number for number in range(times)) >= 0

    async def some() -> None:
        await work(100)

    async def more() -> None:
        await work(200)

    assert await instructions(some) == await instructions(some)
    assert await instructions(more) > 1.5 * await instructions(some)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Cost(instructions=1000, ratio=2.0), []),
        (Cost(instructions=1099, ratio=3.9), []),
        (Cost(instructions=500, ratio=0.5), []),
        (Cost(instructions=1101, ratio=2.0), ["gate: 1,101 instructions, 1,000 were accepted"]),
        (Cost(instructions=1000, ratio=4.1), ["gate: 4.1 times the yardstick, 2 times was accepted"]),
    ],
)
def test_what_has_become_dearer_is_said(now: Cost, said: list[str]) -> None:
    assert list(problems({"gate": now}, WAS)) == said


def test_an_operation_that_was_never_accepted_is_a_problem() -> None:
    new = {**WAS, "list": Cost(instructions=1, ratio=1.0)}
    assert list(problems(new, WAS)) == ["list: it is measured only; run `make guard ARGS=--accept`"]
    assert list(problems(WAS, new)) == ["list: it is accepted only; run `make guard ARGS=--accept`"]


def test_accepting_keeps_what_was_accepted_for_other_versions_of_python(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    path.write_text(json.dumps({"2.7": {"gate": {"instructions": 1, "ratio": 1.0}}}))
    accept(WAS, path)
    kept = accepted(path)
    assert kept["2.7"] == {"gate": Cost(instructions=1, ratio=1.0)}
    assert list(kept.values()).count(WAS) == 1


def test_what_is_accepted_is_in_the_repository() -> None:
    assert KEPT.is_file()
