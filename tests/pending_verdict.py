"""What a run says about its pending tests, and whether the list fails it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.pending_list import Entry, PendingList, node_name

LEAVES_TESTS_OUT = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "maxfail", "collectonly")
FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


@dataclass(slots=True)
class Seen:
    """What became of the tests that one entry covers."""

    failing: set[str] = field(default_factory=set[str])
    passing: set[str] = field(default_factory=set[str])
    unimportable: bool = False

    def narrowed(self, entry: Entry) -> Iterator[Entry]:
        """The entries that cover what still fails and nothing that passes."""
        passing = {_function(name) for name in self.passing}
        names = (_function(name) if _function(name) not in passing else name for name in sorted(self.failing))
        return (Entry(test=name, reason=entry.reason) for name in dict.fromkeys(names))


class Verdict:
    """Follows the reports of a run and sums up its pending tests."""

    def __init__(self, pending: PendingList, config: pytest.Config) -> None:
        self._pending = pending
        self._config = config
        self._seen: defaultdict[Entry, Seen] = defaultdict(Seen)
        self._collected = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._collected &= not report.failed
        entry = self._pending.entry_of(report.nodeid)
        if entry and report.skipped:
            self._seen[entry].unimportable = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = self._pending.entry_of(report.nodeid)
        if entry is None:
            return
        seen = self._seen[entry]
        if report.skipped and hasattr(report, "wasxfail"):
            seen.failing.add(node_name(report.nodeid))
        elif report.failed and report.when == "call":
            seen.passing.add(node_name(report.nodeid))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        if self._stale(exitstatus):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int | pytest.ExitCode
    ) -> None:
        for line in self._advice():
            terminalreporter.write_line(line, yellow=True)
        for entry in self._stale(exitstatus):
            terminalreporter.write_line(f"{self._pending.name}: no such test, delete or mend {entry}", red=True)
        terminalreporter.write_line(self._count())

    def _stale(self, exitstatus: int | pytest.ExitCode) -> list[Entry]:
        """The entries that name no test, where the run can know it."""
        complete = self._collected and exitstatus in FINISHED and self._runs_everything()
        return [entry for entry in self._pending.entries if complete and entry not in self._seen]

    def _runs_everything(self) -> bool:
        narrowed = any(self._config.getoption(name, None) for name in LEAVES_TESTS_OUT)
        return not narrowed and all(Path(arg).is_dir() for arg in self._config.args)

    def _advice(self) -> Iterator[str]:
        """For an entry of which some tests pass: what to write instead."""
        for entry, seen in self._seen.items():
            if seen.passing and seen.failing and self._runs_everything():
                yield f"{self._pending.name}: some of these tests pass now, so replace"
                yield f"  {entry}"
                yield "with what still fails:"
                yield from (f"  {narrower}" for narrower in seen.narrowed(entry))

    def _count(self) -> str:
        tests = {name for seen in self._seen.values() for name in seen.failing}
        files = sum(seen.unimportable for seen in self._seen.values())
        unimportable = f" and {files} files that cannot be imported yet" if files else ""
        return f"{len(tests)} pending acceptance tests{unimportable} (see {self._pending.name})"


def _function(name: str) -> str:
    """The name of a test without its parameters."""
    return name.partition("[")[0]
