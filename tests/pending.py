"""A pytest plugin that runs the tests of `acceptance_pending.yaml` and expects them to fail.

    python -m pytest -p tests.pending ../shared/acceptance

An entry whose test passes fails the run, and so does one that names no test of the folder.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.pending_list import BrokenListError, PendingList
from tests.pending_verdict import Verdict

LIST = Path(__file__).with_name("acceptance_pending.yaml")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pending", type=Path, default=LIST, metavar="FILE", help="the list of pending tests")


def pytest_configure(config: pytest.Config) -> None:
    path: Path = config.option.pending
    try:
        pending = PendingList.load(path)
    except BrokenListError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Expectation(pending), "pending-expectation")
    if not hasattr(config, "workerinput"):  # with xdist, the workers run and the main process judges
        config.pluginmanager.register(Verdict(pending, config), "pending-verdict")


class Expectation:
    """Turns the failures of pending tests into expected ones, and their passes into failures."""

    def __init__(self, pending: PendingList) -> None:
        self._pending = pending

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        entry = self._pending.entry_of(collector.nodeid)
        if entry and report.failed:
            report.outcome = "skipped"
            report.longrepr = (str(collector.path), 1, f"Skipped: {entry.mark}")
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        entry = self._pending.entry_of(item.nodeid)
        if entry and report.failed:
            report.outcome = "skipped"
            report.wasxfail = entry.mark
        elif entry and report.passed and report.when == "call":
            report.outcome = "failed"
            report.longrepr = f"It passes, but {self._pending.name} lists it as pending: delete or narrow\n  {entry}"
        return report
