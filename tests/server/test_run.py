"""`toolyard run`: what it shows, who is asked, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.server.terminal import run_on_terminal
from tests.server.yards import DEADLINE, ENDS_WITHIN, TOOLYARD, Yard, write_yard

TOOLS = '''
from toolyard import tool

@tool
def shout(text: str) -> str:
    """Upper-case a text."""
    print("printed in a tool", flush=True)
    return text.upper()

@tool(approval="always")
def launch(target: str) -> str:
    """Launch at a target."""
    return f"launched at {target}"
'''
CONFIG = """
profile: readonly
python: [my_tools]
agents:
  - {name: greeter, role: specialist, model: scripted, system_prompt: Greet., tools: [shout, launch]}
  - {name: other, model: scripted, system_prompt: tone.md}
"""
CAREFUL = "model: scripted\nname: careful\nprofile: {profile: careful, file_write: full}\nworking_dir: data\n"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    """A config with two agents, and an agent in a file of its own."""
    made = write_yard(tmp_path, TOOLS, CONFIG)
    made.write("tone.md", "---\nvariables: {tone: {default: calm}}\n---\nBe {{ tone }}.")
    made.write("careful.yaml", CAREFUL)
    made.write("data/notes.txt", "alpha\n")
    return made


def script(*steps: dict[str, Any]) -> str:
    return json.dumps({"script": list(steps)})


def call(tool: str, **arguments: object) -> dict[str, Any]:
    return {"tool": tool, "arguments": arguments}


WRITE = script(call("write", path="made.txt", content="x\n"), {"text": "done"})
CAREFULLY = ("--agent", "./careful.yaml")
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


def on_colours(yard: Yard, **more: str) -> Yard:
    """The same yard, for a terminal that shows colours."""
    env = {name: value for name, value in yard.env.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return replace(yard, env={**env, "TERM": "xterm-256color", **more})


def test_the_answer_is_on_stdout_and_what_was_done_on_stderr(yard: Yard) -> None:
    steps = script({"text": "Looking."}, call("read", path="notes.txt"), {"text": "It says alpha."})
    done = yard.run("run", steps, *CAREFULLY)
    assert (done.code, done.out) == (0, "Looking.\nIt says alpha.\n")
    assert '-> read {"path": "notes.txt"}' in done.err
    assert "<- read: ok: notes.txt" in done.err
    assert not [drawn for drawn in ("\x1b", "╭", "thinking") if drawn in done.err]
    assert yard.ends("read") == ["ok"]


def test_an_agent_of_a_config_has_the_servers_tools(yard: Yard) -> None:
    done = yard.run(
        "run", script(call("shout", text="hi"), {"text": "done"}), "--config", yard.config, "--agent", "greeter"
    )
    assert (done.code, done.out) == (0, "done\n")
    assert "<- shout: ok: HI" in done.err
    assert "printed in a tool" in done.err
    (record,) = yard.started("shout")
    assert record["caller"] == "cli/greeter"


def test_events_are_lines_of_json_and_the_result_is_the_last(yard: Yard) -> None:
    done = yard.run("run", "-", *CAREFULLY, "--json", stdin=script(call("read", path="notes.txt"), {"text": "é"}))
    *events, result = [json.loads(line) for line in done.out.splitlines()]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert {"agent_start", "tool_start", "tool_end", "text"} <= {event["type"] for event in events}
    assert events[-1]["type"] == "turn_complete"
    assert (result["type"], result["status"], result["stop_reason"], result["text"]) == (
        "result",
        "completed",
        "end",
        "é",
    )
    assert (result["run_id"], result["cost"]) == (events[0]["run_id"], 0.0)


@pytest.mark.parametrize(
    ("prompt", "config", "code", "said"),
    [
        ("hello", "", 0, ""),
        (script({"error": "boom"}), "", 1, "toolyard: run: error: boom"),
        (script(call("list"), {"text": "a"}), "budgets: {max_turns: 1}\n", 4, "toolyard: run: error: "),
        (script(call("write", path="a", content="b"), {"text": "a"}), "", 0, "<- write: refused: "),
        ("hello", "profil: readonly\n", 2, "did you mean 'profile'?"),
        ("hello", "system_prompt: ./nowhere.md\n", 2, "nowhere.md: no such file"),
        ("hello", "routes: [other]\n", 2, "only an agent of a server's config reaches others"),
    ],
)  # fmt: skip
def test_how_it_ends_is_told_by_the_exit_code(yard: Yard, prompt: str, config: str, code: int, said: str) -> None:
    yard.write("agent.yaml", "model: scripted\n" + config)
    done = yard.run("run", prompt, "--agent", "./agent.yaml")
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_nobody_is_asked_in_a_pipe_and_auto_approve_does_not_count(yard: Yard) -> None:
    yard.write("careful.yaml", CAREFUL + "auto_approve: true\n")
    done = yard.run("run", WRITE, *CAREFULLY)
    assert done.code == 0
    assert '?? write {"path": "made.txt"' in done.err
    assert "\n+x\n" in done.err
    assert "<- write: refused: approval is needed and nobody here can give it" in done.err
    assert not (yard.root / "data/made.txt").exists()


def test_yes_answers_every_ask_but_one_that_nobody_may_answer(yard: Yard) -> None:
    assert yard.run("run", WRITE, *CAREFULLY, "--yes").code == 0
    assert (yard.root / "data/made.txt").read_text() == "x\n"
    yard.write("strict.yaml", "file_write: full\napproval: {on_ask: [deny]}\n")
    other = script(call("write", path="other.txt", content="x"), {"text": "done"})
    assert "refused" in yard.run("run", other, *CAREFULLY, "--yes", "--profile", "./strict.yaml").err
    assert not (yard.root / "data/other.txt").exists()


@pytest.mark.parametrize(("typed", "made"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)])
def test_whoever_is_at_the_terminal_is_asked_with_the_diff(yard: Yard, typed: bytes, made: bool) -> None:  # noqa: FBT001 - a parameter
    done = run_on_terminal(yard, "run", WRITE, *CAREFULLY, typed=typed)
    assert (done.code, done.out) == (0, "done\n")
    assert "+x" in done.err
    assert (yard.root / "data/made.txt").exists() is made
    assert yard.ends("write") == ["ok" if made else "denied"]


def test_a_terminal_is_drawn_with_rich(yard: Yard) -> None:
    done = run_on_terminal(on_colours(yard), "run", WRITE, *CAREFULLY, typed=b"y\n")
    assert (done.code, done.out) == (0, "done\n")
    for drawn in ("╭", " write asks ", "\x1b[92;49m+x", "\x1b[36m-> write", "\x1b[2m<- write: ok", "thinking…"):
        assert drawn in done.err
    assert done.err.rindex(SHOW_CURSOR) > done.err.rindex(HIDE_CURSOR)
    panel = done.err[done.err.index("╭") : done.err.index("[y/N]")]
    assert HIDE_CURSOR not in panel, "what goes on is not told while somebody is asked"


def test_without_rich_a_terminal_gets_lines_in_colours(yard: Yard) -> None:
    yard.write("without/rich.py", "raise ImportError('there is no rich here')\n")
    plain = on_colours(yard, PYTHONPATH=str(yard.root / "without"))
    done = run_on_terminal(plain, "run", WRITE, *CAREFULLY, typed=b"y\n")
    assert (done.code, done.out) == (0, "done\n")
    assert "\x1b[32m+x" in done.err
    assert "\x1b[36m-> write" in done.err
    assert not [drawn for drawn in ("╭", "thinking", HIDE_CURSOR) if drawn in done.err]


def test_a_run_that_is_interrupted_gives_the_cursor_back(yard: Yard) -> None:
    steps = script(call("bash", command="sleep 60"))
    asked = ("run", steps, *CAREFULLY, "--profile", "unrestricted")
    done = run_on_terminal(on_colours(yard), *asked, typed=b"\x03", after="\x1b[2mbash")
    assert (done.code, done.out) == (130, "")
    assert done.err.rindex(SHOW_CURSOR) > done.err.rindex(HIDE_CURSOR)


def test_a_question_can_be_interrupted(yard: Yard) -> None:
    done = run_on_terminal(yard, "run", WRITE, *CAREFULLY, typed=b"\x03")
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
    assert not (yard.root / "data/made.txt").exists()


def test_a_question_has_a_deadline(yard: Yard) -> None:
    yard.write("hasty.yaml", "file_write: full\napproval: {deadline: 100ms}\n")
    done = run_on_terminal(yard, "run", WRITE, *CAREFULLY, "--profile", "./hasty.yaml", typed=b"")
    assert "approval was not given within 0.1s" in done.err
    assert not (yard.root / "data/made.txt").exists()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_ends_at_once_with_its_commands(yard: Yard, sent: int, code: int) -> None:
    beating = script(call("bash", command="mkfifo ready; echo > ready; while :; do sleep 0.1; done"))
    command = [*TOOLYARD, "run", beating, *CAREFULLY, "--profile", "unrestricted", "--json"]
    with subprocess.Popen(command, cwd=yard.root, env=yard.env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            lines = iter(process.stdout.readline, "")
            assert any('"tool_start"' in line for line in lines)
            process.send_signal(sent)
            rest = [json.loads(line) for line in lines]
            assert process.wait(ENDS_WITHIN) == code
        finally:
            process.kill()
    assert rest[-1]["type"] == "cancelled"
    assert yard.ends("bash") == ["cancelled"]


def test_a_reader_who_leaves_ends_the_run(yard: Yard) -> None:
    steps = script(*({"text": "x" * 100_000}, call("list")) * 8, {"text": "done"})
    (yard.root / "steps.json").write_text(steps)
    command = ["sh", "-c", '"$@" < steps.json', "sh", *TOOLYARD, "run", "-", *CAREFULLY]
    with subprocess.Popen(
        command, cwd=yard.root, env=yard.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr
        said = process.stderr.read().decode()
        assert process.wait(DEADLINE) == 130
    assert "cancelled: stdout cannot be written: Broken pipe" in said
    assert len(yard.ends("list")) < 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--config", "toolyard.yaml"), "give one of greeter, other"),
        (("--config", "toolyard.yaml", "--agent", "nobody"), "no agent is named 'nobody'"),
        (("--config", "toolyard.yaml", "--agent", "./careful.yaml"), "leave out --config"),
        (("--config", "toolyard.yaml", "--agent", "greeter", "--working-dir", "data"), "--working-dir: "),
        (("--config", "toolyard.yaml", "--var", "tone=brisk"), "say with --agent whose variables"),
        (("--config", "toolyard.yaml", "--agent", "other", "--var", "tome=x"), "unknown variable tome"),
        (("--config", "toolyard.yaml", "--agent", "greeter", "--profile", "alone.yaml"), "does not let you run"),
        (("--config", "bare.yaml"), "has no agents"),
        (("--agent", "nobody"), "no agent is named 'nobody'"),
        (("--var", "tone"), "expected NAME=VALUE"),
        ((*CAREFULLY, "--var", "tone=x"), "unknown variable tone"),
        ((*CAREFULLY, "--profile", "nosuch"), "no profile is named 'nosuch'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_what_to_do(yard: Yard, arguments: tuple[str, ...], said: str) -> None:
    yard.write("bare.yaml", "profile: readonly\n")
    yard.write("alone.yaml", "agents: off\n")
    done = yard.run("run", "hello", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_variables_profile_and_folder_can_be_given(yard: Yard) -> None:
    assert yard.run("run", "hi", "--config", yard.config, "--agent", "other", "--var", "tone=brisk").out == "hi\n"
    yard.write("elsewhere/here.txt", "")
    done = yard.run("run", script(call("list")), *CAREFULLY, "--working-dir", "elsewhere", "--profile", "readonly")
    assert "here.txt" in done.out


def test_an_agent_of_ones_own_is_run_by_its_name(yard: Yard) -> None:
    yard.write("home/config/toolyard/agents/mine.yaml", "model: scripted\nsystem_prompt: ./mine.md\n")
    yard.write("home/config/toolyard/agents/mine.md", "Hi.")
    assert yard.run("run", "hello", "--agent", "mine").out == "hello\n"


def test_without_a_config_the_environment_says_which_model(yard: Yard) -> None:
    done = yard.run("run", script(call("list", path="data")), env={"TOOLYARD_MODEL": "scripted"})
    assert done.code == 0
    assert "notes.txt" in done.out


def test_what_an_agent_says_is_drawn_as_text(yard: Yard) -> None:
    steps = script(
        call("write", path="[bold]a", content="\x1b[2J[red]b[/red]\n"),
        call("read", path="[/]\x1b[2J"),
        call("[bold]\x1b[2J"),
        {"error": "[link=x]\x1b[2J:smile:"},
    )
    done = run_on_terminal(on_colours(yard), "run", steps, *CAREFULLY, typed=b"y\n")
    assert done.code == 1
    assert "\x1b[2J" not in done.err
    assert '"path": "[bold]a"' in done.err
    assert "+\\x1b[2J[red]b[/red]" in done.err
    assert '-> read {"path": "[/]\\u001b[2J"}' in done.err
    assert "toolyard: run: error: [link=x]\\u001b[2J:smile:" in done.err


def test_a_terminal_is_not_steered_by_what_an_agent_says(yard: Yard) -> None:
    done = yard.run("run", script(call("read", path="\x1b[2J"), {"text": "a\x1b[2J"}), *CAREFULLY)
    assert "\x1b" not in done.err
    assert done.out == "a\x1b[2J\n", "a pipe gets what was said"
