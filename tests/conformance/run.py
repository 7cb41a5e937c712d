"""Run the conformance suites against the fixture, and fail unless every required scenario passes.

Usage: python -m tests.conformance.run
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.conformance import node
from tests.conformance.suites import Scenario, Suite, suites

EXPECTED = Path(__file__).parent / "expected-failures.yaml"
MARKS = {"passed": "{SUCCESS}", "failed": "FAILED", "nothing": "-"}

Found = dict[str, dict[str, Scenario]]  # run -> scenario -> what it found


@contextmanager
def fixture(state: Path, *options: str) -> Generator[str]:
    """The URL of a fixture server, for as long as it is needed."""
    command = [sys.executable, "-m", "tests.conformance.fixture", *options]
    env = {**os.environ, "XDG_STATE_HOME": str(state), "XDG_CONFIG_HOME": str(state)}
    with (
        (state / "server.log").open("wb") as log,
        subprocess.Popen(command, cwd=node.ROOT, env=env, stdout=subprocess.PIPE, stderr=log) as server,
    ):
        assert server.stdout
        try:
            yield server.stdout.readline().decode().strip()
        finally:
            server.terminate()


def run(suite: Suite, folder: Path, *options: str) -> dict[str, Scenario]:
    folder.mkdir()
    with fixture(folder, *options) as url:
        assert url, (folder / "server.log").read_text()
        found = suite.run(url, folder)
    assert found, (folder / "suite.log").read_text()
    return found


def expected_failures() -> dict[str, str]:
    """Scenario → why it is not passed."""
    groups = yaml.safe_load(EXPECTED.read_text())
    return {scenario: group["reason"] for group in groups for scenario in group["scenarios"]}


def table(found: Found) -> Iterator[str]:
    names = list(dict.fromkeys(name for scenarios in found.values() for name in scenarios))
    width = max(map(len, names))
    yield f"{'checks passed':{width}}  " + "  ".join(found)
    for name in names:
        cells = (mark(scenarios.get(name)).center(len(run)) for run, scenarios in found.items())
        yield f"{name:{width}}  " + "  ".join(cells)


def mark(scenario: Scenario | None) -> str:
    return MARKS[scenario.verdict].format_map(scenario.counts) if scenario else ""


def problems(runs: Sequence[Suite], found: Found, expected: Mapping[str, str]) -> Iterator[str]:
    """Everything that makes the whole run a failure."""
    for suite in runs:
        scenarios = found[suite.name]
        required = scenarios.keys() if suite.required is None else suite.required
        wrong = {name for name, scenario in scenarios.items() if scenario.verdict == "failed"}
        wrong |= {name for name in required if name not in scenarios or scenarios[name].verdict == "nothing"}
        for name in sorted(wrong - expected.keys()):
            details = scenarios[name].problems if name in scenarios else ("it did not run",)
            yield "\n    ".join((f"{suite.name}: {name}", *details))
    for name in expected:
        verdicts = {scenarios[name].verdict for scenarios in found.values() if name in scenarios}
        if not verdicts or "passed" in verdicts:
            yield f"{EXPECTED.name}: {name} {'passes' if verdicts else 'does not run'}: take it out"


def found_by(runs: Sequence[Suite], *options: str) -> Found:
    """What each run finds in a server of its own, started with these options."""
    with tempfile.TemporaryDirectory() as folder:
        return {suite.name: run(suite, Path(folder) / str(number), *options) for number, suite in enumerate(runs)}


def main() -> None:
    node.set_up()
    runs, expected = suites(), expected_failures()
    found, without_lane = found_by(runs), found_by(runs, "--without-lane")
    say("\n".join(table(found)))
    wrong = [*problems(runs, found, expected)]
    wrong += [f"without the lane: {problem}" for problem in problems(runs, without_lane, expected)]
    if wrong:
        sys.exit("\nNot as expected:\n  " + "\n  ".join(wrong))
    say(f"\nAs expected, with the lane and without it; {EXPECTED.name} says why some do not pass.")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command says what it found


if __name__ == "__main__":
    main()
