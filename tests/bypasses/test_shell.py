"""Every attempt at the confined shell fails, before the fence and without it; honest work is let through."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.bypasses.corpus import Attempt, load, params
from tests.bypasses.shell_yard import SECRET, TOKEN, Yard, yard
from tests.toolkits.shell.yard import READONLY, shell
from toolyard_toolkits.backends import SandboxBackend

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        SandboxBackend().missing is not None, reason=f"no sandbox can run here: {SandboxBackend().missing}"
    ),
]

RULES = {**READONLY, "limits": {"timeout": "20s"}}
REFUSED = "not run, for the profile 'readonly' confines the shell"


@pytest.fixture
def ground(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Generator[Yard]:
    monkeypatch.setenv("CANARY_TOKEN", TOKEN)
    with yard(tmp_path_factory.mktemp("yard")) as made:
        yield made


@pytest.mark.parametrize("fence", [True, False], ids=["fence", "sandbox"])
@pytest.mark.parametrize("attempt", params("shell"))
async def test_an_attempt_reaches_nothing(ground: Yard, attempt: Attempt, *, fence: bool) -> None:
    ground.prepare(attempt.get("setup", ""))
    before = ground.snapshot()
    command = ground.filled(attempt["command"])
    outcome = await shell(ground.root, RULES, fence=fence).bash(command, timeout=attempt.get("timeout", 3))

    assert SECRET not in outcome.text
    assert TOKEN not in outcome.text
    assert attempt.get("never", SECRET) not in outcome.text
    assert not ground.harm()
    assert ground.snapshot() == before
    if fence and attempt.get("expect") != "harmless":
        assert outcome.text.startswith(REFUSED)
        assert outcome.status == "tool_error"


@pytest.mark.parametrize("case", params("honest_shell"))
async def test_honest_work_is_let_through(ground: Yard, case: Attempt) -> None:
    if not all(map(shutil.which, case.get("needs", ()))):
        pytest.skip(f"not installed here: {case['needs']}")
    ground.prepare(case.get("setup", ""))
    outcome = await shell(ground.root, RULES).bash(case["command"])
    assert outcome.structured is not None, outcome.text
    assert outcome.structured["exit_code"] == case.get("exit", 0), outcome.text
    assert case["shows"] in outcome.text


def test_the_corpus_is_large_enough() -> None:
    assert len(load("shell")) >= 120
    assert len(load("honest_shell")) >= 50


async def test_the_canaries_sing_where_nothing_confines(ground: Yard) -> None:
    """Or else the attempts above would show nothing."""
    before = ground.snapshot()
    done = subprocess.run(
        ("/bin/bash", "./evil.sh"), cwd=ground.root, capture_output=True, text=True, timeout=20, check=False
    )
    try:
        assert SECRET in done.stdout
        assert TOKEN in done.stdout
        assert ground.snapshot() != before
        assert len(ground.harm()) >= 4
    finally:
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            Path(folder, ground.marker).unlink(missing_ok=True)
