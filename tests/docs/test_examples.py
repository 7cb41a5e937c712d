"""Every example runs, and every ready-made config loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import mcp_types as types
import pytest
from mcp import Client

from toolyard import mcp
from toolyard.config.runtime import load_config, runtime_of

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "agent.py": ["tool_end      price 7", "tool_blocked  order", "completed: Three mugs"],
    "demo.py": ["listed: list, publish, read, word_count", "✗ refused  401", "token:demo (readonly)  publish  denied"],
    "embedded.py": ["order {'product': 'mug', 'count': 5} →  {\"mug\":8}", "→ refused: approval was refused"],
    "fastapi_mount.py": ["GET /health → {'status': 'ok'}", "add 19 + 23 → 42"],
    "graph.py": [
        "look_up   sent: a red mug, sent on Monday",
        "wish: 84 characters; at most 60 are wanted\n          → too long\nwrite",
        "completed after 2 drafts: Sorry about your red mug!",
        'n3 -- "too long" --> n2',
    ],
    "own_toolkit.py": ["find_note →  three minutes", "no note is titled 'coffee'"],
    "plan_and_replay.py": [
        "4  asks for price\n     price → 5\n",
        "completed: Both cost 12 euros.\n  52 lines of trace; called: mug, mug, cup\n",
        "played again: Both cost 12 euros.\n  the same: True; called since: []",
        'by another policy: the policy is "react", and the trace is of "plan_execute"',
        "completed: Both together cost 10 euros.\n  a trace of its own: True",
    ],
    "services.py": [
        "price          7",
        "cheapest       cup",
        "services here: catalogue, mailer",
        "Ada knows. Mails: ['to ",
    ],
    "stdio_client.py": ["minimal.yaml"],
    "supervisor.py": [
        "keeper    stock → 2",
        "gate      order 8: yes",
        "gate      order 800: no",
        "buyer     order → ordered 8 of mug",
        "boss      delegate → 8 mugs are ordered; 800 are too many.",
        "the buyer was offered: order\ncompleted: We have 2 mugs",
    ],
    "team.py": [
        "mug-old    4.00  stock 0\n  mug-red    7.00",
        "→ refused before it ran: DELETE",
        "· plan mugs is draft: not_done not_done not_done",
        'executor  asks for execute_plan:\nPlan "mugs": 3 calls\n1. set_price',
        "→ approval was given: Said by the shop's owner.",
        "· plan mugs is executed: ok ok ok",
        "turn_complete: Two mugs are cheaper, and one is gone.",
        "after:\n  cup-tall   5.00  stock 40\n  mug-blue   7.20  stock 12\n  mug-red    6.30  stock 3\n",
    ],
    "toolkits.py": ["2 mugs", "monday.txt", "mug", "refused: "],
}
NOT_RUN = {"demo_tools.py"}
"""A module that demo.yaml names."""


def test_every_example_is_run_by_a_test() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == EXPECTED.keys() | NOT_RUN


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_runs_in_an_empty_folder_and_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / name)]
    done = subprocess.run(command, cwd=tmp_path / "empty", capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    for expected in EXPECTED[name]:
        assert expected in done.stdout
    assert not list((tmp_path / "empty").iterdir())


@pytest.mark.parametrize("interpreter", ["openai", "anthropic"])
def test_the_team_says_which_key_a_provider_needs(interpreter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)  # conftest sees to OpenAI's
    command = [sys.executable, str(ROOT / "examples/team.py"), interpreter]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{interpreter.upper()}_API_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_examples_are_run_by_one_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (recipe,) = re.findall(r"^examples:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "examples/*.py" in recipe


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_a_ready_made_config_loads_and_offers_tools(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSPACE", str(tmp_path))
    runtime = runtime_of(load_config(path))
    assert {entry.tool.name for entry in runtime.gate("mcp").visible(runtime.caller("stdio"))} >= {"read", "list"}


@pytest.mark.anyio
@pytest.mark.parametrize("approve", [True, False])
async def test_the_writer_of_the_team_asks_its_callers_user(
    *, approve: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSPACE", str(tmp_path))
    (tmp_path / "team.yaml").write_text(re.sub(r"gpt-5-\w+", "scripted", (ROOT / "configs/team.yaml").read_text()))
    write = {"tool": "write", "arguments": {"path": "a.md", "content": "hello"}}
    delegate = {"tool": "delegate", "arguments": {"agent": "writer", "prompt": json.dumps(write)}}
    asked: list[str] = []

    async def answer(context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"approve": approve})

    runtime = runtime_of(load_config(tmp_path / "team.yaml"))
    async with Client(mcp.create_server(runtime), elicitation_callback=answer) as client:
        assert not (await client.call_tool("run_prompt", {"prompt": json.dumps(delegate)})).is_error
    assert len(asked) == 1
    assert "write" in asked[0]
    assert (tmp_path / "a.md").exists() is approve
