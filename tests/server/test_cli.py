"""The commands that use a config's tools once, and the ones that look: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.server.terminal import run_on_terminal
from tests.server.yards import DEADLINE, TOOLYARD, Ran, Yard, write_yard

TOOLS = '''
import asyncio, os, threading
from toolyard import Image, ToolContext, ToolError, tool
print("printed at import")

@tool
def echo(text: str) -> str:
    """Say it back.

    And again, for whoever asks.
    """
    print("printed in a tool", flush=True)
    os.write(1, b"written in a tool\\n")
    return text

@tool
def count(words: list[str]) -> dict[str, int]:
    """Count words."""
    return {word: words.count(word) for word in words}

@tool
def picture() -> Image:
    """Draw."""
    return Image(data=b"\\x89PNG", mime_type="image/png")

@tool
def fail() -> str:
    """Fail."""
    raise ToolError("out of paper")

@tool(effects=["files.write"])
def write() -> str:
    """Write."""
    return "written"

@tool(approval="always", secret=["pin"])
def launch(target: str, pin: str = "") -> str:
    """Launch."""
    return f"launched at {target}"

@tool(timeout=0.2)
def hang() -> str:
    """Hang."""
    threading.Event().wait()
    return ""

@tool(timeout=0.2)
async def refuse_to_end() -> str:
    """Never end."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
'''
VISIBLE = ["count", "echo", "fail", "hang", "launch", "picture", "refuse_to_end"]
CONFIG = "toolyard.yaml"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS)


def test_help_names_every_command_and_the_exit_codes(yard: Yard) -> None:
    shown = yard.run("--help")
    assert shown.code == 0
    for word in ("serve", "tools", "call", "explain", "profiles", "ledger", "Exit codes: 0 done, 1 the tool failed"):
        assert word in shown.out
    assert yard.run("--version").out.startswith("toolyard, version ")


def test_tools_are_listed_under_the_profile_and_marked_when_they_ask(yard: Yard) -> None:
    listed = yard.run("tools", CONFIG)
    assert listed.code == 0
    assert [line for line in listed.out.splitlines() if not line.startswith(" ")] == [
        f"{name} (asks first)" if name == "launch" else name for name in VISIBLE
    ]
    assert "    Say it back.\n" in listed.out
    assert "printed at import" in listed.err
    assert "7 tools under profile 'readonly'" in listed.err


def test_tools_as_json_are_what_a_client_would_see_and_the_decision(yard: Yard) -> None:
    listed = yard.run("tools", CONFIG, "--json", "--profile", "unrestricted").json
    assert [tool["name"] for tool in listed] == sorted([*VISIBLE, "write"])
    by_name = {tool["name"]: tool for tool in listed}
    assert by_name["write"]["annotations"] == {"readOnlyHint": False, "openWorldHint": False, "destructiveHint": True}
    assert by_name["count"]["outputSchema"]["type"] == "object"
    assert {tool["decision"] for tool in listed} == {"allow", "ask"}
    for tool in listed:
        assert {"name", "description", "inputSchema", "decision"} <= tool.keys()


def test_a_call_prints_the_answer_alone(yard: Yard) -> None:
    called = yard.run("call", CONFIG, "echo", '{"text": "¡hola!\\n\\u263a"}')
    assert (called.code, called.out) == (0, "¡hola!\n☺\n")
    for noise in ("printed at import", "printed in a tool", "written in a tool"):
        assert noise in called.err
    assert yard.run("call", CONFIG, "picture").out == "[Image]\n"


def test_a_call_as_json_tells_how_it_ended(yard: Yard) -> None:
    called = yard.run("call", CONFIG, "count", '{"words": ["a", "a"]}', "--json")
    answer = called.json
    assert called.code == 0
    assert answer["duration_ms"] >= 0
    assert len(answer.pop("call_id")) == 16
    del answer["duration_ms"]
    assert answer == {
        "status": "ok", "text": '{"a":2}', "structured": {"a": 2}, "decision": "allow", "rule": "profile"
    }  # fmt: skip
    failed = yard.run("call", CONFIG, "fail", "--json")
    assert (failed.code, failed.json["status"], failed.json["text"]) == (1, "tool_error", "out of paper")


def test_arguments_are_read_from_stdin_on_request(yard: Yard) -> None:
    assert yard.run("call", CONFIG, "echo", "-", stdin='{"text": "piped"}').out == "piped\n"
    assert yard.run("explain", CONFIG, "echo", "-", stdin='{"text": "piped"}').code == 0
    for stdin in ("", "{", "[]", b"\xff\xfe"):
        refused = yard.run("call", CONFIG, "echo", "-", stdin=stdin)
        assert refused.code == 2
        assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("call", CONFIG, "fail"), 1, "toolyard: fail: tool_error: out of paper"),
        (("call", CONFIG, "echo"), 1, "toolyard: echo: tool_error: invalid arguments: text: required, but missing"),
        (("call", CONFIG, "no_such_tool"), 3, "toolyard: no_such_tool: denied: no tool is named 'no_such_tool'"),
        (("call", CONFIG, "write"), 3, "toolyard: write: denied: tool 'write' has the effect files.write; profile"),
        (("call", CONFIG, "launch", '{"target": "moon"}'), 3, "toolyard: launch: denied: approval is needed"),
        (("call", CONFIG, "hang"), 4, "toolyard: hang: timeout: 'hang' timed out: it did not end within 0.2s"),
        (
            ("call", CONFIG, "refuse_to_end"),
            4,
            "toolyard: refuse_to_end: timeout: 'refuse_to_end' timed out",
        ),
        (("call", CONFIG, "echo", "not json"), 2, "not valid JSON"),
        (("call", CONFIG, "echo", "[" * 100_000), 2, "not valid JSON"),
        (("call", CONFIG, "echo", "[1]"), 2, "expected a JSON object"),
        (("call", CONFIG), 2, "Missing argument 'TOOL'"),
        (("call", "none.yaml", "echo"), 2, "none.yaml: cannot be read: No such file or directory"),
        (("tools", CONFIG, "--profile", "mine"), 2, f"{CONFIG}: profile: no profile is named 'mine'"),
        (("explain", "none.yaml", "echo"), 2, "none.yaml: cannot be read"),
        (("profiles", "mine"), 2, "profile: no profile is named 'mine'"),
        (("serve", "none.yaml"), 2, "none.yaml: cannot be read"),
        (("serve", CONFIG, "--port", "65536"), 2, "65536 is not in the range"),
        (("serve", CONFIG, "--transport", "pigeon"), 2, "'pigeon' is not one of 'stdio', 'streamable-http'"),
        (("ledger", "show", "-n", "0"), 2, "0 is not in the range"),
        (("fly",), 2, "No such command 'fly'"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else value,
)
def test_the_exit_code_says_how_it_ended_and_stderr_why(
    yard: Yard, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = yard.run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err
    assert "Error in sys.excepthook" not in done.err


def test_explain_says_what_would_be_decided_and_runs_and_records_nothing(yard: Yard) -> None:
    allowed = yard.run("explain", CONFIG, "echo", '{"text": "a"}', "--json").json
    assert (allowed["decision"], allowed["rule"], allowed["profile"]) == ("allow", "profile", "readonly")
    asked = yard.run("explain", CONFIG, "launch", '{"target": "moon"}')
    assert (asked.code, asked.out.partition(":")[0]) == (0, "ask")
    assert "declares approval: always" in asked.out
    denied = yard.run("explain", CONFIG, "write", "--json").json
    assert (denied["decision"], denied["rule"]) == ("deny", "file_write")
    assert "file_write: off" in denied["reason"]
    other = yard.run("explain", CONFIG, "write", "--json", "--profile", "developer").json
    assert (other["decision"], other["profile"]) == ("allow", "developer")
    wrong = yard.run("explain", CONFIG, "echo", '{"txt": 1}', "--json").json
    assert (wrong["decision"], wrong["rule"]) == ("deny", "input_schema")
    assert yard.records() == []


def test_the_ledger_is_shown_oldest_first_and_from_its_end(yard: Yard) -> None:
    empty = yard.run("ledger", "show")
    assert (empty.code, empty.out) == (0, "")
    assert "no records in " in empty.err
    assert yard.run("ledger", "show", "--json").out == ""
    yard.run("call", CONFIG, "echo", '{"text": "a"}')
    yard.run("call", CONFIG, "launch", '{"target": "moon", "pin": "0000-1111"}')
    lines = yard.run("ledger", "show").out.splitlines()
    assert [line.split("  ")[4].split(":")[0].split(" in ")[0] for line in lines] == ["started", "ok", "denied"]
    assert "cli (readonly)" in lines[0]
    records = [json.loads(line) for line in yard.run("ledger", "show", "--json").out.splitlines()]
    assert [record["event"] for record in records] == ["start", "end", "refusal"]
    assert records[2]["arguments"] == {"target": "moon", "pin": "[redacted]"}
    last = yard.run("ledger", "show", "-n", "1", "--json").out.splitlines()
    assert [json.loads(line)["event"] for line in last] == ["refusal"]


def test_profiles_are_listed_and_shown_whole(yard: Yard) -> None:
    names = ["readonly", "developer", "developer-bash-only", "unrestricted"]
    listed = yard.run("profiles")
    assert [line for line in listed.out.splitlines() if not line.startswith(" ")] == names
    assert [profile["profile"] for profile in yard.run("profiles", "--json").json] == names
    shown = yaml.safe_load(yard.run("profiles", "readonly").out)
    assert (shown["file_write"], shown["approval"]["deadline"]) == ("off", "300s")
    yard.write("mine.yaml", yard.run("profiles", "developer").out.replace("profile: developer", "profile: mine"))
    again = yard.run("profiles", "./mine.yaml", "--json").json
    assert again == {**yard.run("profiles", "developer", "--json").json, "profile": "mine"}


@pytest.mark.parametrize(
    ("typed", "code", "status"),
    [(b"y\n", 0, "ok"), (b"Yes \n", 0, "ok"), (b"n\n", 3, "denied"), (b"\n", 3, "denied"), (b"\x04", 3, "denied")],
    ids=["y", "yes", "n", "enter", "end of file"],
)
def test_whoever_is_at_the_terminal_is_asked(yard: Yard, typed: bytes, code: int, status: str) -> None:
    asked = ("call", CONFIG, "launch", '{"target": "moon", "pin": "0000-1111"}')
    done = run_on_terminal(yard, *asked, typed=typed)
    assert (done.code, done.out) == (code, "launched at moon\n" if status == "ok" else "")
    assert 'launch {"target": "moon", "pin": "[redacted]"}' in done.err
    assert "declares approval: always" in done.err
    assert yard.ends("launch") == [status]


def test_ctrl_c_while_a_command_still_loads_ends_it_as_at_any_time(yard: Yard) -> None:
    (yard.root / "slow_tools.py").write_text("import os, signal\n\nos.kill(os.getpid(), signal.SIGINT)\n")
    (yard.root / "slow.yaml").write_text("python: [slow_tools]\n")
    done = yard.run("tools", "slow.yaml")
    assert (done.code, done.out, done.err.strip()) == (130, "", "")


def test_a_question_at_the_terminal_can_be_interrupted(yard: Yard) -> None:
    done = run_on_terminal(yard, "call", CONFIG, "launch", '{"target": "moon"}', typed=b"\x03")
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
    assert "ok" not in yard.ends("launch")


def test_a_question_at_the_terminal_has_a_deadline(yard: Yard) -> None:
    yard.write("hasty.yaml", "approval: {deadline: 100ms}\n")
    asked = ("call", CONFIG, "launch", '{"target": "moon"}', "--profile", "hasty.yaml")
    done = run_on_terminal(yard, *asked, typed=b"")
    assert done.code == 3
    assert "approval was not given within 0.1s" in done.err
    assert yard.ends("launch") == ["denied"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_process_that_lacks_a_stream_works_with_the_others(yard: Yard, closed: str) -> None:
    shell = f'"$@" {closed}'
    for arguments in (("call", CONFIG, "echo", '{"text": "a"}'), ("serve", CONFIG)):
        command = ["sh", "-c", shell, "sh", *TOOLYARD, *arguments]
        done = subprocess.run(  # noqa: S603, RUF100 - a fixed command
            command, cwd=yard.root, env=yard.env, input=b"", capture_output=True, check=False, timeout=DEADLINE
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == 0
        assert done.stdout == (b"a\n" if arguments[0] == "call" and ">&-" not in closed.split() else b"")


def test_a_reader_that_leaves_early_is_no_error_worth_a_traceback(yard: Yard) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [*TOOLYARD, "tools", CONFIG, "--json"]
    with os.fdopen(write, "wb") as out:
        done = subprocess.run(
            command, cwd=yard.root, env=yard.env, stdout=out, stderr=subprocess.PIPE, check=False, timeout=DEADLINE
        )
    assert b"Traceback" not in done.stderr


def test_a_call_that_cannot_be_recorded_is_not_made_and_a_server_does_not_start(yard: Yard) -> None:
    file = yard.write("file", "where the state folder should be")

    def run(*arguments: str) -> Ran:
        return yard.run(*arguments, env={"XDG_STATE_HOME": str(file)})

    called = run("call", CONFIG, "echo", '{"text": "a"}')
    assert (called.code, called.out) == (3, "")
    assert "could not be recorded" in called.err
    assert "printed in a tool" not in called.err
    served = run("serve", CONFIG)
    assert (served.code, served.out) == (2, "")
    assert any(line.startswith("toolyard: the ledger cannot be written in ") for line in served.err.splitlines())
    assert "XDG_STATE_HOME" in served.err
