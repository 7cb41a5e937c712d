"""Every example runs, and every ready-made config loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from toolyard.config.runtime import load_config, runtime_of

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "agent.py": ["tool_end      price 7", "tool_blocked  order", "completed: Three mugs"],
    "demo.py": ["listed: list, publish, read, word_count", "✗ refused  401", "token:demo (readonly)  publish  denied"],
    "embedded.py": ["order {'product': 'mug', 'count': 5} →  {\"mug\":8}", "→ refused: approval was refused"],
    "fastapi_mount.py": ["GET /health → {'status': 'ok'}", "add 19 + 23 → 42"],
    "own_toolkit.py": ["find_note →  three minutes", "no note is titled 'coffee'"],
    "stdio_client.py": ["minimal.yaml"],
    "toolkits.py": ["2 mugs", "monday.txt", "mug", "refused: "],
}
NOT_RUN = {"demo_tools.py"}
"""A module that demo.yaml names."""


def test_every_example_is_run_by_a_test() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == EXPECTED.keys() | NOT_RUN


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_runs_and_shows_what_it_promises(name: str) -> None:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    for expected in EXPECTED[name]:
        assert expected in done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_a_ready_made_config_loads_and_offers_tools(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSPACE", str(tmp_path))
    runtime = runtime_of(load_config(path))
    assert {entry.tool.name for entry in runtime.gate("mcp").visible(runtime.caller("stdio"))} >= {"read", "list"}
