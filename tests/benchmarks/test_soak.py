"""A short soak, and what it would say if something were left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.soak.health import Health, Held

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
WELL = Held(descriptors=10, tasks=5)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads memory and descriptors of processes from Linux")
def test_a_short_soak_over_both_transports_leaves_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert said["wrong"] == []
    assert said["answers"] > 0
    assert [each["name"] for each in said["health"]] == ["http", "stdio"]
    for each in said["health"]:  # memory has not settled in so short a time
        assert each["after"]["descriptors"] <= each["before"]["descriptors"]
        assert each["after"]["tasks"] <= each["before"]["tasks"]


def test_memory_that_grew_is_said_and_memory_that_varied_is_not() -> None:
    steady = [100, 104, 99, 103, 101, 100, 104, 99, 103, 101]
    assert not list(_health(steady).problems())
    assert list(_health([100 + 2 * number for number in range(10)]).problems()) == [
        "http: memory grew from 101.0 to 117.0 MiB"
    ]


def test_what_is_left_over_is_said() -> None:
    left = Held(descriptors=12, tasks=6)
    assert list(_health([100] * 10, after=left).problems()) == [
        "http: 2 descriptors are left over",
        "http: 1 tasks are left over",
    ]
    assert not list(_health([100] * 10, after=Held(descriptors=9, tasks=5)).problems())


def _health(memory: list[int], after: Held = WELL) -> Health:
    return Health(name="http", before=WELL, after=after, memory=tuple(each * MIB for each in memory))
