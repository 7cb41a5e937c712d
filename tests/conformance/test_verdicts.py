"""What makes the conformance run fail, and that what it installs is locked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.node import PROJECT
from tests.conformance.run import problems
from tests.conformance.suites import Scenario, Suite

EVERY = Suite(name="every", package="suite", arguments=())
SOME = Suite(name="some", package="suite", arguments=(), required=frozenset({"ping"}))


def scenario(name: str, **counts: int) -> Scenario:
    return Scenario(name=name, counts=Counter(counts), problems=())


def told(suite: Suite, *scenarios: Scenario, expected: dict[str, str] | None = None) -> list[str]:
    found = {suite.name: {scenario.name: scenario for scenario in scenarios}}
    return list(problems([suite], found, expected or {}))


def test_scenarios_that_pass_are_no_problem() -> None:
    assert not told(EVERY, scenario("ping", SUCCESS=1), scenario("tools-list", SUCCESS=2, WARNING=1, SKIPPED=3))


@pytest.mark.parametrize("suite", [EVERY, SOME])
def test_a_failure_is_a_problem_whether_required_or_not(suite: Suite) -> None:
    assert told(suite, scenario("ping", SUCCESS=1), scenario("tools-list", SUCCESS=2, FAILURE=1)) == [
        f"{suite.name}: tools-list"
    ]


def test_a_required_scenario_must_check_something() -> None:
    assert told(SOME, scenario("ping", SKIPPED=1, WARNING=1), scenario("other", SKIPPED=1)) == ["some: ping"]


def test_a_required_scenario_must_run() -> None:
    assert told(SOME, scenario("other", SUCCESS=1)) == ["some: ping\n    it did not run"]


def test_an_expected_failure_is_no_problem() -> None:
    assert not told(EVERY, scenario("tasks", SUCCESS=1, FAILURE=1), expected={"tasks": "not offered"})


def test_an_expected_failure_that_passes_is_stale() -> None:
    assert told(EVERY, scenario("tasks", SUCCESS=1), expected={"tasks": "not offered"}) == [
        "expected-failures.yaml: tasks passes: take it out"
    ]


def test_an_expected_failure_that_does_not_run_is_stale() -> None:
    assert told(EVERY, scenario("ping", SUCCESS=1), expected={"tasks": "not offered"}) == [
        "expected-failures.yaml: tasks does not run: take it out"
    ]


def test_the_check_that_every_scenario_makes_counts_only_when_it_fails(tmp_path: Path) -> None:
    folder = tmp_path / "server-tools-call-error-2026-07-28T12-00-00-000Z"
    folder.mkdir()
    written = folder / "checks.json"
    every, own = {"id": "wire-schema-valid", "status": "SUCCESS"}, {"id": "own", "status": "SKIPPED"}
    written.write_text(json.dumps([every, own]))
    assert (Scenario.read(written).name, Scenario.read(written).verdict) == ("tools-call-error", "nothing")
    written.write_text(json.dumps([{**every, "status": "FAILURE", "errorMessage": "no"}, own]))
    assert Scenario.read(written).problems == ("FAILURE wire-schema-valid: no",)
    assert Scenario.read(written).verdict == "failed"


def test_every_package_has_one_version_and_a_digest_and_no_address() -> None:
    project, lock, _ = PROJECT
    versions = json.loads(project.read_text())["dependencies"].values()
    assert not [version for version in versions if not version.rpartition("@")[2][0].isdigit()]
    packages = json.loads(lock.read_text())["packages"]
    assert not [name for name, about in packages.items() if "resolved" in about]
    inside = {name for name, about in packages.items() if about.get("inBundle")}
    assert not [name for name, about in packages.items() if name and name not in inside and "integrity" not in about]
