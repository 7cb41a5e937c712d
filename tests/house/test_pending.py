"""The list of pending acceptance tests holds in both directions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pending_list import BrokenListError, PendingList

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

MIXED = """
    import pytest

    @pytest.mark.parametrize("n", [0, 1])
    def test_half(n):
        assert n

    def test_bad():
        assert False

    def test_good():
        pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run the tests in this folder against a list of pending ones."""

    def run(pending: str, *args: str) -> pytest.RunResult:
        listed = pytester.path / "pending.yaml"
        listed.write_text(pending)
        options = ("-p", "tests.pending", "--pending", str(listed), "-p", "no:cacheprovider")
        return pytester.runpytest_inprocess(*options, *(args or (".",)))

    return run


def test_what_fails_as_listed_is_counted_and_does_not_fail_the_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_bad(): assert False\ndef test_good(): pass")
    result = run("- {test: 'test_a.py::test_bad', reason: later}")
    result.assert_outcomes(xfailed=1, passed=1)
    result.stdout.fnmatch_lines(["1 pending acceptance tests (see */pending.yaml)"])
    assert result.ret == pytest.ExitCode.OK


def test_an_error_in_a_fixture_counts_as_pending(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_a="import pytest\n@pytest.fixture\ndef broken(): raise OSError\ndef test_bad(broken): pass",
        test_b="def test_good(): pass",
    )
    result = run("- {test: 'test_a.py::test_bad', reason: later}")
    result.assert_outcomes(xfailed=1, passed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_failure_that_is_not_listed_still_fails_the_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_bad(): assert False\ndef test_badly(): assert False")
    result = run("- {test: 'test_a.py::test_bad', reason: later}")
    result.assert_outcomes(xfailed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_listed_test_that_passes_fails_the_run_and_says_what_to_do(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_good(): pass")
    result = run("- {test: 'test_a.py::test_good', reason: later}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*passes*pending.yaml*delete or narrow*", "*{test: 'test_a.py::test_good', reason: later}"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_an_entry_for_a_function_covers_all_its_parameters(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_a="import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_bad(n): assert not n\ndef test_b(): pass"
    )
    run("- {test: 'test_a.py::test_bad', reason: later}").assert_outcomes(xfailed=2, passed=1)


def test_an_entry_for_one_parameter_covers_only_that(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=MIXED)
    result = run("[{test: 'test_a.py::test_half[0]', reason: later}, {test: 'test_a.py::test_bad', reason: later}]")
    result.assert_outcomes(xfailed=2, passed=2)


def test_a_file_entry_expects_all_its_tests_to_fail_and_shows_how_to_narrow_it(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_a=MIXED)
    result = run("- {test: test_a.py, reason: later}")
    result.assert_outcomes(xfailed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*replace*",
            "  - {test: test_a.py, reason: later}",
            "*with*",
            "  - {test: 'test_a.py::test_bad', reason: later}",
            "  - {test: 'test_a.py::test_half[[]0[]]', reason: later}",
        ]
    )


def test_a_listed_file_that_cannot_be_imported_is_pending(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="import nothing_of_that_name", test_b="def test_good(): pass")
    result = run("- {test: test_a.py, reason: later}")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["0 pending acceptance tests and 1 files that cannot be imported yet (see *)"])
    assert result.ret == pytest.ExitCode.OK


def test_a_file_that_cannot_be_imported_and_is_not_listed_fails_the_run(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="import nothing_of_that_name", test_b="def test_good(): pass")
    result = run("- {test: 'test_a.py::test_x', reason: later}")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.no_fnmatch_line("*no such test*")


def test_an_entry_that_names_no_test_fails_a_run_of_the_whole_folder(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_good(): pass")
    result = run("- {test: 'test_a.py::test_gone', reason: later}")
    result.stdout.fnmatch_lines(["*no such test*test_a.py::test_gone*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_an_entry_outside_of_what_was_asked_for_is_left_alone(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_good(): pass", test_b="def test_bad(): assert False")
    pending = "- {test: test_b.py, reason: later}"
    assert run(pending, "test_a.py").ret == pytest.ExitCode.OK
    assert run(pending, ".", "-k", "good").ret == pytest.ExitCode.OK


def test_the_list_holds_when_workers_run_the_tests(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=MIXED, test_b="import nothing_of_that_name")
    still = "{test: 'test_a.py::test_bad', reason: later}, {test: 'test_a.py::test_half[0]', reason: later}"
    result = run(f"[{still}, {{test: test_b.py, reason: later}}]", "-n", "2", ".")
    result.assert_outcomes(xfailed=2, passed=2, skipped=1)
    result.stdout.fnmatch_lines(["2 pending acceptance tests and 1 files that cannot be imported yet (see *)"])
    assert result.ret == pytest.ExitCode.OK


def test_a_stale_list_fails_the_run_when_workers_run_the_tests(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_good(): pass")
    result = run("- {test: test_gone.py, reason: later}", "-n", "2", ".")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*no such test*test_gone.py*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("pending", "message"),
    [
        ("- {test: test_a.py, reason: later, since: now}", "entry 1: since: "),
        ("- {test: test_a.py}", "entry 1: reason: "),
        ("- {test: test_a.py, reason: ' '}", "entry 1: reason: "),
        ("- {test: acceptance/test_a.py, reason: later}", "entry 1: test: "),
        ("- {test: test_a.py, reason: a}\n- {test: test_a.py, reason: b}", "test_a.py is listed twice"),
        ("- {test: test_a.py, reason: a}\n- {test: 'test_a.py::b', reason: b}", "test_a.py::b is part of test_a.py"),
        ("test_a.py: later", "it must be one list of"),
        ("- [", "pending.yaml cannot be read: "),
    ],
)
def test_a_broken_list_names_the_entry_and_what_is_wrong_with_it(tmp_path: Path, pending: str, message: str) -> None:
    listed = tmp_path / "pending.yaml"
    listed.write_text(pending)
    with pytest.raises(BrokenListError, match=re.escape(message)):
        PendingList.load(listed)


def test_a_broken_list_is_a_usage_error(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="def test_good(): pass")
    result = run("- {test: test_a.py}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pending.yaml is broken:", "  entry 1: reason: *"])
