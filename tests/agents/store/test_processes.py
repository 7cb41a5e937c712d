"""Several processes share a store, and any of them may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.agents.state.provider import complaint
from toolyard_agents.errors import SessionBusy, Unrecorded
from toolyard_agents.state.state import State
from toolyard_agents.state.steps import INTERRUPTED
from toolyard_agents.store.files import SessionFiles

ENDLESS = """
import sys
from itertools import count
from pathlib import Path
from toolyard_agents.messages import ToolRequest
from toolyard_agents.store.files import SessionFiles

state = SessionFiles(Path(sys.argv[1])).create(model="m", profile="p")
print(state.session_id, flush=True)
state.begin_run("endless")
for n in count():
    state.add_user_message(f"prompt {n}")
    state.add_assistant_message("", [ToolRequest(id=f"call {n}", name="look", arguments="{}")])
    print(n, flush=True)
    state.add_tool_result(f"call {n}", "x" * n)
"""

HOLDS = """
import sys
from pathlib import Path
from toolyard_agents.store.files import SessionFiles

state = SessionFiles(Path(sys.argv[1])).resume(sys.argv[2], model="m", profile="p")
state.begin_run("held")
print("held", flush=True)
for line in sys.stdin:
    state.add_user_message(line.strip())
    print("added", flush=True)
state.end_run("completed")
"""


@contextmanager
def process(code: str, *args: str) -> Generator[tuple[subprocess.Popen[str], IO[str]]]:
    """A Python of its own, with its output; it is gone afterwards."""
    command = [sys.executable, "-c", code, *args]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout
        finally:
            running.kill()


def resumed(root: Path, session_id: str) -> State:
    return SessionFiles(root).resume(session_id, model="m", profile="p")


@pytest.mark.parametrize("kill_at", [0, 7, 150])
def test_a_kill_loses_nothing_that_held(tmp_path: Path, kill_at: int) -> None:
    with process(ENDLESS, str(tmp_path)) as (running, output):
        session_id = output.readline().strip()
        while int(output.readline()) < kill_at:
            pass
        (info,) = SessionFiles(tmp_path).list()
        assert (info.id, info.status, info.first_prompt) == (session_id, "running", "prompt 0")
        running.send_signal(signal.SIGKILL)
        told = [int(line) for line in output.read().split()] or [kill_at]
        running.wait()
    (info,) = SessionFiles(tmp_path).list()
    assert info.status == "error", "its process is gone"
    state = resumed(tmp_path, session_id)
    prompts = [message.content for message in state.messages if message.role == "user"]
    assert prompts == [f"prompt {n}" for n in range(len(prompts))]
    assert len(prompts) > told[-1]
    assert (state.status, state.run_count, state.pending()) == ("error", 1, ())
    assert complaint(state.get_messages()) is None
    answers = [message.content for message in state.messages if message.role == "tool"]
    assert all(answer in ("x" * n, INTERRUPTED) for n, answer in enumerate(answers))
    state.begin_run("next")
    state.end_run("completed")
    assert resumed(tmp_path, session_id).entries == state.entries


def test_another_process_runs_a_session_until_it_ends_or_dies(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path)
    mine = files.create(model="m", profile="p")
    with process(HOLDS, str(tmp_path), mine.session_id) as (running, output):
        assert output.readline() == "held\n"
        for use in (lambda: resumed(tmp_path, mine.session_id), lambda: mine.begin_run("r")):
            with pytest.raises(SessionBusy, match=rf"process {running.pid};"):
                use()
        assert [info.status for info in files.list()] == ["running"]
        assert running.stdin is not None
        running.stdin.write("from there\n")
        running.stdin.flush()
        assert output.readline() == "added\n"
        running.kill()
        running.wait()
    with pytest.raises(Unrecorded, match="has gone on elsewhere"):
        mine.begin_run("r")
    back = resumed(tmp_path, mine.session_id)
    assert [message.content for message in back.messages] == ["from there"]
    assert back.status == "error"


def test_a_process_that_ends_its_run_leaves_the_session_to_others(tmp_path: Path) -> None:
    mine = SessionFiles(tmp_path).create(model="m", profile="p")
    with process(HOLDS, str(tmp_path), mine.session_id) as (running, output):
        assert output.readline() == "held\n"
        running.communicate("one\n")
        assert running.returncode == 0
    back = resumed(tmp_path, mine.session_id)
    assert (back.status, back.run_count) == ("completed", 1)


def test_the_lock_of_a_dead_process_is_no_obstacle(tmp_path: Path) -> None:
    mine = SessionFiles(tmp_path).create(model="m", profile="p")
    (tmp_path / mine.session_id / "lock").write_text(f"{os.getppid()}\n")
    mine.begin_run("r")
    mine.end_run("completed")
    assert resumed(tmp_path, mine.session_id).run_count == 1
