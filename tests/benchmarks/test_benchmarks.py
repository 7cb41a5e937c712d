"""The benchmarks run, and say what they measured. How long anything took is no matter of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def report(*command: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, *command, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def test_the_benchmark_of_agents_measures_turns_calls_and_memory_and_says_who_is_left_out() -> None:
    said = report("-m", "benchmarks.agents", "--rounds", "1", "--at-once", "3")
    ours = [each for each in said["figures"] if each["framework"] in {"toolyard", "toolyard on disk"}]
    assert {(each["operation"], each["sessions"], each["unit"]) for each in ours} == {
        ("a run of one turn", 1, "ms"),
        ("a run of one turn", 3, "ms"),
        ("a turn with a call, of 5", 1, "ms"),
        ("a turn with a call, of 5", 3, "ms"),
        ("a call, of 10 in one answer", 1, "ms"),
        ("a call, of 10 in one answer", 3, "ms"),
        ("memory of an idle session", 200, "KiB"),
    }
    assert len(ours) == 14
    assert all(each["value"] > 0 and each["ratio"] > 0 for each in ours)
    assert all(each["ratio"] == 1 for each in ours if each["framework"] == "toolyard")
    assert said["target"]["worst"].keys() == said["target"]["holds"].keys() == {"toolyard", "toolyard on disk"}
    for name, module in {"openai-agents": "openai_agents", "pydantic-ai": "pydantic_ai"}.items():
        assert (name in said["versions"]) != (module in said["left_out"])
        assert (name in {each["framework"] for each in said["figures"]}) == (name in said["versions"])


def test_the_benchmark_of_toolkits_measures_each_way_against_the_bare_one() -> None:
    figures = report(str(ROOT / "benchmarks/toolkits.py"), "--rounds", "3")["figures"]
    assert {"bare", "gate"} <= {each["way"] for each in figures}
    assert len({each["operation"] for each in figures}) == 6
    assert all(each["milliseconds"] > 0 for each in figures)
