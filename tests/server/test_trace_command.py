"""`toolyard trace`, and the options of `toolyard run` that write traces."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.server.yards import TOOLYARD, Yard, write_yard
from toolyard import Agent, AgentConfig, Runtime

TOOLS = '''
from toolyard import tool

@tool
def shout(text: str) -> str:
    """Upper-case a text."""
    return text.upper()
'''
CONFIG = """
profile: readonly
python: [my_tools]
agents:
  - {name: boss, model: scripted, tools: [shout], routes: [worker], enable_delegate: true}
  - {name: worker, role: specialist, model: scripted, tools: [shout]}
"""
LONG = "word " * 100


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = write_yard(tmp_path, TOOLS, CONFIG)
    made.write("data/notes.txt", "alpha\n")
    made.write("careful.yaml", "model: scripted\nname: careful\nworking_dir: data\n")
    return made


def script(*steps: dict[str, Any]) -> str:
    return json.dumps({"script": list(steps)})


def call(tool: str, **arguments: object) -> dict[str, Any]:
    return {"tool": tool, "arguments": arguments}


READ = script({"text": "Looking."}, call("read", path="notes.txt"), {"text": "It says alpha."})
DELEGATE = script(call("delegate", agent="worker", prompt=script(call("shout", text="hi"))), {"text": "done"})
CAREFULLY = ("--agent", "./careful.yaml")
BOSS = ("--config", "toolyard.yaml", "--agent", "boss")


def ran(yard: Yard, prompt: str, *options: str) -> str:
    """The id of the trace of a `toolyard run`."""
    done = yard.run("run", prompt, *(options or CAREFULLY), "--trace")
    return done.err.rpartition("trace ")[2].strip()


def traced(yard: Yard, prompt: str) -> str:
    """The same, of careful.yaml, by a program."""

    async def run() -> str:
        agent = Agent(AgentConfig.from_file(yard.root / "careful.yaml"))
        async with Runtime(trace_dir=yard.root / ".toolyard/traces") as runtime:
            runtime.register_agent(agent)
            return (await runtime.run(agent.name, prompt)).trace_id

    return anyio.run(run)


def on_terminal(yard: Yard, *arguments: str, **env: str) -> str:
    """What a terminal of 100 columns shows of a command that asks nothing."""
    near, far = pty.openpty()
    environment = {**yard.env, "TERM": "xterm-256color", "COLUMNS": "100", **env}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([*TOOLYARD, *arguments], cwd=yard.root, env=environment, stdout=far, stderr=far):
        os.close(far)
        shown = b""
        try:
            while received := os.read(near, 4096):
                shown += received
        except OSError:  # how Linux says that nobody holds the other end any more
            pass
    os.close(near)
    return shown.decode()


def test_a_run_writes_its_trace_where_it_is_told_to(yard: Yard) -> None:
    id = ran(yard, READ)
    folder = yard.root / ".toolyard/traces"
    assert [path.name for path in folder.iterdir()] == [f"{id}.jsonl"]
    assert folder.stat().st_mode & 0o077 == 0
    done = yard.run("run", READ, *CAREFULLY, "--trace-dir", "mine", "--json")
    (path,) = (yard.root / "mine").iterdir()
    result = json.loads(done.out.splitlines()[-1])
    assert (path.stem, "trace " in done.err) == (result["run_id"], False)
    assert yard.run("run", "hi", *CAREFULLY).err == ""
    refused = yard.run("run", "hi", *CAREFULLY, "--trace-dir", "careful.yaml/x")
    assert (refused.code, refused.out) == (2, "")
    assert "traces cannot be written in careful.yaml/x" in refused.err


def test_the_list_is_newest_first_and_passes_over_what_is_no_trace(yard: Yard) -> None:
    empty = yard.run("trace", "list")
    assert (empty.code, empty.out, empty.err) == (0, "", "no traces in .toolyard/traces\n")
    first, second = traced(yard, READ), traced(yard, script({"error": "boom"}))
    folder = yard.root / ".toolyard/traces"
    (folder / "junk.jsonl").write_text("junk\n")
    (folder / f"{'f' * 16}.jsonl").write_text((folder / f"{first}.jsonl").read_text().splitlines()[0] + "\n{torn")
    listed = yard.run("trace", "list")
    head, *rows = listed.out.splitlines()
    assert (head.split()[0], head.split()[-1]) == ("ID", "PROMPT")
    assert [row.split()[0] for row in rows] == [second, first, "f" * 16]
    assert ("error" in rows[0], "completed" in rows[1], "running or broken off" in rows[2]) == (True, True, True)
    assert "passed over 1 entry that is no trace in .toolyard/traces: " in listed.err
    newest, oldest, _ = yard.run("trace", "list", "--json").json
    assert (newest["id"], newest["status"], newest["stop_reason"]) == (second, "error", "error")
    assert (oldest["agent"], oldest["turns"], oldest["calls"], oldest["prompt"]) == ("careful", 2, 1, READ)


def test_a_run_is_shown_as_a_tree(yard: Yard) -> None:
    id = ran(yard, DELEGATE, *BOSS)
    shown = yard.run("trace", "show", id[:6])
    assert (shown.code, shown.err) == (0, "")
    lines = [line.partition("  ")[0] if "step" in line else line for line in shown.out.splitlines()]
    assert lines[0].startswith(f"{id}  2")
    assert " boss  completed " in lines[0]
    assert lines[1].startswith('├─ prompt: {"script"')
    assert lines[2].startswith("├─ step 1")
    (delegated,) = [number for number, line in enumerate(lines) if "─ delegate {" in line]
    assert lines[delegated].startswith("│  └─ delegate {")
    assert lines[delegated + 1].startswith("│     ├─ worker ")
    assert lines[delegated + 1].endswith("  0 tokens  $0.0000")
    (shouted,) = [line for line in lines[delegated:] if "─ shout {" in line]
    assert shouted.startswith('│     │  │  └─ shout {"text": "hi"}  ok in ')
    assert lines[-1] == "└─ completed: done"
    told = yard.run("trace", "show", id, "--json").json
    assert (told["id"], told["run"]["parts"][0]["calls"][0]["runs"][0]["agent"]) == (id, "worker")


def test_long_texts_are_whole_only_if_they_are_wanted(yard: Yard) -> None:
    id = traced(yard, script({"text": f"{LONG}\nand so on"}))
    assert "and so on" not in yard.run("trace", "show", id).out
    assert "\n│        and so on\n" in yard.run("trace", "show", id, "--full").out


def test_no_terminal_is_steered_by_what_is_in_a_trace(yard: Yard) -> None:
    steps = script(call("\x1b[2J[bold]", path="\x1b[2J"), {"text": "a\x1b[2J[red]b\u202e\n\x9b2Jc"})
    id, other = traced(yard, steps), traced(yard, "x\x1b[2J")
    plain = {"PYTHONPATH": str(yard.write("without/rich.py", "raise ImportError('there is no rich here')\n").parent)}
    commands = (("list",), ("show", id, "--full"), ("diff", id, other), ("export", id, "--format", "text"))
    for command, more in (*((command, plain) for command in commands), (commands[1], dict[str, str]())):
        shown = on_terminal(yard, "trace", *command, **more)
        assert not [bad for bad in ("\x1b[2J", "\u202e", "\x9b") if bad in shown], (command, more)
    assert "\x1b" not in yard.run("trace", "show", id).out
    assert "[red]b" in on_terminal(yard, "trace", "show", id)


def test_a_terminal_gets_colours_with_rich_and_without(yard: Yard) -> None:
    id = traced(yard, READ)
    plain = yard.write("without/rich.py", "raise ImportError('there is no rich here')\n").parent
    for more in ({}, {"PYTHONPATH": str(plain)}):
        shown = on_terminal(yard, "trace", "show", id, **more)
        assert "\x1b[36mread" in shown, more
        assert "completed" in shown


def test_an_id_that_is_none_or_several_says_what_there_is(yard: Yard) -> None:
    ids = [traced(yard, READ) for _ in range(2)]
    folder = yard.root / ".toolyard/traces"
    for id, begin in zip(ids, ("ab0", "ab1"), strict=True):
        (folder / f"{id}.jsonl").rename(folder / f"{begin}00000.jsonl")
    for command in ("show", "replay", "export"):
        several, none = yard.run("trace", command, "ab"), yard.run("trace", command, "../../careful")
        assert (several.code, none.code, several.out + none.out) == (2, 2, "")
        assert "2 traces begin with 'ab': ab" in several.err
        assert "the newest are ab" in none.err
    (folder / "ab000000.jsonl").write_text("junk\n")
    damaged = yard.run("trace", "show", "ab0")
    assert (damaged.code, "Traceback" in damaged.err) == (2, False)
    assert "line 1, is damaged" in damaged.err


def test_a_diff_names_the_first_difference_and_its_exit_code_tells_whether_there_is_one(yard: Yard) -> None:
    first, same = traced(yard, READ), traced(yard, READ)
    assert yard.run("trace", "diff", first, same).out.startswith(f"same\nA {first}")
    (yard.root / "data/notes.txt").write_text("beta\n")
    other = traced(yard, READ)
    shown = yard.run("trace", "diff", first, other)
    assert shown.code == 1
    assert shown.out.startswith("different: step 1, call 1, result\n  A: {")
    assert "alpha" in shown.out.splitlines()[1]
    assert "beta" in shown.out.splitlines()[2]
    told = yard.run("trace", "diff", first, other, "--json")
    assert (told.code, told.json["same"], told.json["difference"]["where"]) == (1, False, "step 1, call 1, result")
    assert yard.run("trace", "diff", first, same, "--json").json["difference"] is None


def test_a_replay_calls_nothing_and_says_whether_the_agent_is_as_it_was(yard: Yard) -> None:
    id = traced(yard, READ)
    (yard.root / "data/notes.txt").unlink()
    calls = len(yard.records())
    done = yard.run("trace", "replay", id, *CAREFULLY)
    assert (done.code, done.out) == (0, "same\n"), done.err
    assert len(yard.records()) == calls
    yard.write("careful.yaml", "model: scripted\nname: careful\nworking_dir: data\nsystem_prompt: Be kind.\n")
    changed = yard.run("trace", "replay", id, *CAREFULLY, "--json")
    assert (changed.code, changed.json["same"]) == (1, False)
    assert "system prompt" in changed.json["difference"]
    assert yard.run("trace", "replay", id, "--agent", "nobody").code == 2


def test_an_agent_of_a_config_is_found_by_the_trace_itself(yard: Yard) -> None:
    id = ran(yard, DELEGATE, *BOSS)
    done = yard.run("trace", "replay", id, "--config", yard.config)
    assert (done.code, done.out) == (0, "same\n"), done.err
    yard.write("my_tools.py", TOOLS.replace("Upper-case", "Shout"))
    changed = yard.run("trace", "replay", id, "--config", yard.config)
    assert (changed.code, "'shout' describes itself in another way" in changed.out) == (1, True)


@pytest.mark.parametrize("steps", [[{"error": "boom"}], [call("nope"), call("write"), call("read", path="x")]])
def test_runs_that_went_wrong_are_played_too(yard: Yard, steps: list[dict[str, Any]]) -> None:
    id = traced(yard, script(*steps))
    done = yard.run("trace", "replay", id, *CAREFULLY)
    assert (done.code, done.out) == (0, "same\n"), done.err


def test_an_export_is_a_trajectory_text_or_a_line_for_each_run(yard: Yard) -> None:
    first, second = traced(yard, READ), ran(yard, DELEGATE, *BOSS)
    whole = yard.run("trace", "export", first).json
    assert (whole["schema_version"], whole["session_id"], whole["agent"]["name"]) == ("ATIF-v1.7", first, "careful")
    text = yard.run("trace", "export", first, "--format", "text").out
    assert text.startswith(f"# careful ({first}, ")
    assert "\n> It says alpha.\n" in text
    lines = [json.loads(line) for line in yard.run("trace", "export", "--all").out.splitlines()]
    assert [line["session_id"] for line in lines] == [first, second]
    assert lines[1]["subagent_trajectories"][0]["agent"]["name"] == "worker"


def test_a_file_is_written_over_only_if_that_is_wanted(yard: Yard) -> None:
    id = traced(yard, READ)
    assert yard.run("trace", "export", id, "-o", "out.json").code == 0
    assert json.loads((yard.root / "out.json").read_text())["session_id"] == id
    (yard.root / "out.json").write_text("mine")
    refused = yard.run("trace", "export", "--all", "-o", "out.json")
    assert (refused.code, (yard.root / "out.json").read_text()) == (2, "mine")
    assert "--force" in refused.err
    assert yard.run("trace", "export", "--all", "-o", "out.json", "--force").code == 0
    assert json.loads((yard.root / "out.json").read_text())["session_id"] == id


@pytest.mark.parametrize("arguments", [(), ("x", "--all"), ("--all", "--format", "text")])
def test_an_export_is_of_one_or_of_all(yard: Yard, arguments: tuple[str, ...]) -> None:
    refused = yard.run("trace", "export", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "give an ID, or --all" in refused.err


def test_no_tool_of_the_agent_reads_or_writes_its_traces(yard: Yard) -> None:
    yard.write("careful.yaml", "model: scripted\nname: careful\nprofile: unrestricted\n")
    read = call("read", path=".toolyard/traces/x.jsonl")
    steps = script(call("list", path=".toolyard/traces"), read, call("write", path=".toolyard/made", content="x"))
    id = traced(yard, steps)
    told = yard.run("trace", "show", id, "--json").json["run"]
    assert [each["status"] for step in told["parts"] for each in step.get("calls", ())] == ["tool_error"] * 3
    assert [path.name for path in (yard.root / ".toolyard").iterdir()] == ["traces"]
