"""The conformance suites, and what their checks say about a server."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from tests.conformance.node import NODE, package

Verdict = Literal["passed", "failed", "nothing"]

EVERYWHERE = "wire-schema-valid"
"""A check that every scenario makes, one that skips all of its own too."""
STUCK = 300
"""Seconds after which a whole suite is stuck; it takes about ten."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One run of a suite: an installed package of it, and which of its scenarios.

    `required` are those that must pass; None is all that run. Whichever fails without being expected to is a problem.
    """

    name: str
    package: str
    arguments: tuple[str, ...]
    required: frozenset[str] | None = None

    def run(self, url: str, into: Path) -> dict[str, Scenario]:
        """Every scenario of this run against the server at `url`. What the suite itself says is left in `into`."""
        entry = package(self.package) / "dist/index.js"
        command = [str(NODE), str(entry), "server", "--url", url, *self.arguments, "-o", str(into)]
        with (into / "suite.log").open("wb") as log:
            subprocess.run(command, check=False, stdout=log, stderr=subprocess.STDOUT, timeout=STUCK)
        return {scenario.name: scenario for scenario in map(Scenario.read, sorted(into.glob("server-*/checks.json")))}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What one scenario found."""

    name: str
    counts: Counter[str]
    problems: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Scenario:
        checks = json.loads(path.read_text())
        problems = (
            f"{check['status']} {check['id']}: {check.get('errorMessage', check.get('details'))}"
            for check in checks
            if check["status"] in ("FAILURE", "WARNING")
        )
        own = [check for check in checks if check["id"] != EVERYWHERE or check["status"] == "FAILURE"]
        counts = Counter(str(check["status"]) for check in own)
        # server-<scenario>-<time>, where a time is 2026-07-28T12-00-00-000Z
        return cls(name=path.parent.name[7:-25], counts=counts, problems=tuple(problems))

    @property
    def verdict(self) -> Verdict:
        """`nothing` is what a scenario says that skipped every check: the suites count it as passed."""
        if self.counts["FAILURE"]:
            return "failed"
        return "passed" if self.counts["SUCCESS"] else "nothing"


def suites() -> tuple[Suite, ...]:
    """Every run. The last one adds the extensions, which no revision requires."""
    return (
        Suite(name="0.1", package="conformance-0.1", arguments=("--suite", "active")),
        _requirements("2025-11-25"),
        _requirements("2026-07-28"),
        Suite(name="0.2 pending", package="conformance-0.2", arguments=("--suite", "pending"), required=frozenset()),
    )


def _requirements(revision: str) -> Suite:
    """What the suite of 2026 requires of a server that speaks `revision`, and what it runs besides."""
    document = yaml.safe_load((package("conformance-0.2") / "requirements" / f"{revision}.yaml").read_text())
    return Suite(
        name=f"0.2 {revision}",
        package="conformance-0.2",
        arguments=("--requirements", revision),
        required=frozenset(document["server"]),
    )
