"""`bash` under the profiles: what runs, where, and what it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolkits.shell.yard import DEVELOPER, READONLY, WRITER, shell
from toolyard_kernel.calls.outcomes import Outcome
from toolyard_toolkits.backends import SandboxBackend

pytestmark = pytest.mark.anyio


async def test_a_confined_shell_reads_its_root_and_nothing_else(root: Path, sandbox: SandboxBackend) -> None:
    reading = shell(root, READONLY)
    assert (await reading.bash("cat notes.txt")).text == "alpha\nbeta"
    refused = await reading.bash("cat ../secret.txt")
    assert refused.status == "tool_error"
    assert "do not read" not in refused.text


async def test_what_changes_files_is_refused_before_it_runs_and_the_answer_helps(
    root: Path, sandbox: SandboxBackend
) -> None:
    refused = await shell(root, READONLY).bash("cat notes.txt; touch made")
    assert refused.status == "tool_error"
    assert "`touch` changes files, and this profile only reads; allowed are:" in refused.text
    assert "alpha" not in refused.text
    assert not (root / "made").exists()


async def test_a_confined_shell_writes_where_files_may_be_replaced(root: Path, sandbox: SandboxBackend) -> None:
    writing = shell(root, WRITER)
    assert (await writing.bash("cp notes.txt copy.txt && echo more >> copy.txt && sed -i s/alpha/omega/ copy.txt")).ok
    assert (root / "copy.txt").read_text() == "omega\nbeta\nmore\n"
    assert not (await writing.bash("cp copy.txt ../copy.txt")).ok
    assert not (await writing.bash("bash -c 'echo x > y'")).ok
    assert not (root.parent / "copy.txt").exists()


async def test_an_unrestricted_shell_is_the_servers_user_in_the_root(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "s3cr3t")
    outcome = await shell(root, DEVELOPER).bash('pwd; cat ../secret.txt; for n in 1 2; do echo "$HOME"; done; env')
    assert outcome.text.startswith(f"{root}\ndo not read\n{root}\n{root}\n")
    assert "s3cr3t" not in outcome.text


async def test_the_backend_that_is_named_runs_everything(root: Path, sandbox: SandboxBackend) -> None:
    confined = shell(root, DEVELOPER, backend=sandbox)
    assert (await confined.bash("pwd; touch made; cat ../secret.txt 2>&1 | head -c 100")).text.startswith("/workspace")
    assert (root / "made").exists()
    assert not (await shell(root, {**DEVELOPER, "file_write": "off"}, backend=sandbox).bash("touch made2")).ok


@pytest.mark.parametrize("rules", [READONLY, DEVELOPER], ids=["confined", "unconfined"])
async def test_a_timeout_ends_the_command_and_shows_what_it_wrote(
    root: Path, rules: dict[str, str], sandbox: SandboxBackend
) -> None:
    outcome = await shell(root, rules).bash("echo begun; sleep 300", timeout=0.5)
    assert outcome.status == "tool_error"
    assert outcome.text.startswith("begun\n[stopped after 0.5s, its timeout")
    assert structured(outcome)["timed_out"] is True
    assert outcome.duration < 10


async def test_a_longer_timeout_than_the_profiles_is_lowered_and_the_answer_says_so(root: Path) -> None:
    outcome = await shell(root, {**DEVELOPER, "limits": {"timeout": "3s"}}).bash("echo begun; sleep 300", timeout=99)
    assert "a timeout of 99s is more than the profile's 3s" in outcome.text
    assert "begun" in outcome.text
    assert outcome.status == "tool_error"


@pytest.mark.parametrize("timeout", [0, -1, "soon"])
async def test_a_timeout_is_a_number_of_seconds(root: Path, timeout: object) -> None:
    outcome = await shell(root, DEVELOPER).bash("true", timeout=timeout)
    assert outcome.status == "tool_error"
    assert "timeout" in outcome.text


async def test_the_exit_code_is_in_the_text_and_in_the_structure(root: Path) -> None:
    failed = await shell(root, DEVELOPER).bash("echo out; echo err >&2; exit 3")
    assert failed.status == "tool_error"
    assert failed.text == "out\nerr\n[exit code 3]"
    assert structured(failed)["exit_code"] == 3
    fine = await shell(root, DEVELOPER).bash("true")
    assert fine.status == "ok"
    assert fine.text == "(no output)"
    assert structured(fine)["exit_code"] == 0


async def test_of_much_output_head_and_tail_are_shown_within_the_limit(root: Path) -> None:
    rules = {**DEVELOPER, "limits": {"output_bytes": 2_000}}
    outcome = await shell(root, rules).bash("seq 100000; exit 1")
    assert outcome.text.startswith("1\n2\n")
    assert "99999\n100000\n[exit code 1]" in outcome.text
    assert (
        f"[… {structured(outcome)['left_out_bytes']} of 588895 bytes left out: send it through `head`" in outcome.text
    )
    assert len(outcome.text.encode()) <= 2_000


@pytest.mark.parametrize("limit", [1, 50, 700])
async def test_even_small_limits_hold(root: Path, limit: int) -> None:
    rules = {**DEVELOPER, "limits": {"output_bytes": limit}}
    outcome = await shell(root, rules).bash("head -c 3000 /dev/urandom; exit 1")
    assert outcome.status == "tool_error"
    assert len(outcome.text.encode()) <= limit + 120, "head_and_tail says how much is missing"


async def test_what_is_no_text_is_shown_as_question_marks(root: Path) -> None:
    outcome = await shell(root, DEVELOPER).bash(
        r"printf 'caf\303\251 \377\000\033[31mred\033[0m\033]0;title\007 end\n'"
    )
    assert outcome.text == "café ??red end"


async def test_a_command_that_writes_without_end_is_stopped(root: Path, sandbox: SandboxBackend) -> None:
    outcome = await shell(root, READONLY).bash("cat /dev/zero")
    assert "[stopped: it wrote too much (64 MiB)" in outcome.text
    assert outcome.status == "tool_error"


async def test_a_lone_surrogate_or_a_null_byte_is_refused_as_what_it_is(root: Path, sandbox: SandboxBackend) -> None:
    for rules in (READONLY, DEVELOPER):
        for command in ("echo \ud800", "echo \0"):
            outcome = await shell(root, rules).bash(command)
            assert outcome.status == "tool_error"
            assert "Traceback" not in outcome.text


def structured(outcome: Outcome) -> dict[str, object]:
    assert outcome.structured is not None, outcome.text
    return outcome.structured
