"""What the workers of a server count has a folder, however many servers start beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.server.yards import DEADLINE

SERVERS = 3
STARTING = """
import os
from toolyard.cli.counts_folder import counts_folder, counts_of

lost = 0
for _ in range(300):
    with counts_folder():
        lost += not counts_of(os.getpid()).is_dir()
print(lost)
"""


def test_a_server_that_starts_takes_no_folder_of_another_that_starts_for_one_that_was_left(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", STARTING]
    servers = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(SERVERS)]
    assert [server.communicate(timeout=DEADLINE)[0] for server in servers] == ["0\n"] * SERVERS
    assert not list((tmp_path / "toolyard/metrics").iterdir())
