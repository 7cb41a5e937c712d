"""`toolyard ledger`, and the keys of a config that say how the ledger is kept."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.server.yards import DEADLINE, TOOLYARD, Yard, talking, write_yard
from toolyard_kernel.ledger.files import FileLedger, Keeping

pytestmark = pytest.mark.anyio

TOOLS = '''
from toolyard import tool

@tool
async def echo(text: str) -> str:
    """Say it again."""
    return text

@tool
def fail() -> str:
    """Never works."""
    raise ValueError("no")
'''


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS)


def ledger_of(yard: Yard) -> Path:
    return Path(yard.env["XDG_STATE_HOME"]) / "toolyard" / "ledger"


def write_records(yard: Yard, count: int = 40, **fields: Any) -> FileLedger:
    ledger = FileLedger(ledger_of(yard).parent, Keeping(rotate_bytes=4096))
    for n in range(count):
        about = {
            "time": f"3000-01-01T00:00:{n:02}.000+00:00",
            "call_id": str(n),
            "tool": f"tool{n % 2}",
            "caller": "me",
        }
        ledger.append({"event": "start", **about, **fields})
        ledger.append({"event": "end", "status": "ok" if n % 4 else "timeout", "duration_ms": 1, **about})
    return ledger


def jsons(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_calls_of_the_command_line_leave_closed_files_that_verify(yard: Yard) -> None:
    assert yard.run("call", yard.config, "echo", '{"text": "hi"}').code == 0
    assert yard.run("call", yard.config, "fail").code == 1
    verified = yard.run("ledger", "verify")
    assert (verified.code, verified.err) == (0, "")
    assert verified.out == f"{ledger_of(yard)}: 8 records in 2 files, 2 calls: fine\n"


def test_a_changed_record_is_named_and_the_exit_code_is_1(yard: Yard) -> None:
    yard.run("call", yard.config, "echo", '{"text": "hi"}')
    (file,) = ledger_of(yard).glob("*.jsonl")
    file.write_text(file.read_text().replace('"hi"', '"ho"'))
    verified = yard.run("ledger", "verify")
    assert verified.code == 1
    assert f"✗ {file.name}, line 2: changed: its hash does not belong to what it says" in verified.out
    shown = yard.run("ledger", "verify", str(ledger_of(yard)), "--json")
    assert shown.code == 1
    assert (shown.json["ok"], shown.json["calls"], shown.json["unknown"]) == (False, 0, [])
    assert [(found["file"], found["line"]) for found in shown.json["problems"]] == [(file.name, 2)]


def test_a_call_that_was_cut_off_counts_as_unknown_and_is_fine(yard: Yard) -> None:
    ledger = FileLedger(ledger_of(yard).parent)
    ledger.append({"event": "start", "call_id": "c1"})
    verified = yard.run("ledger", "verify")
    assert verified.code == 0
    assert "note: " in verified.out
    assert verified.out.endswith(": 2 records in 1 file, 1 call, 1 with an unknown outcome: fine\n")


def test_a_folder_that_is_not_there_is_a_mistake_and_a_state_without_a_ledger_is_not(yard: Yard) -> None:
    assert yard.run("ledger", "verify", "nowhere").code == 2
    assert yard.run("ledger", "verify").code == 0
    shown = yard.run("ledger", "show")
    assert (shown.code, shown.out, shown.err) == (0, "", f"no records in {ledger_of(yard)}\n")


def test_records_are_chosen_by_tool_caller_status_and_time(yard: Yard) -> None:
    write_records(yard)

    def chosen(*options: str) -> list[str]:
        return [record["call_id"] for record in jsons(yard.run("ledger", "show", "--json", *options).out)]

    assert chosen("--tool", "tool1", "-n", "4") == ["37", "37", "39", "39"]
    assert chosen("--status", "timeout", "--last", "2") == ["32", "36"]
    assert chosen("--caller", "you") == []
    assert chosen("--since", "3000-01-01T00:00:38") == ["38", "38", "39", "39"]
    assert chosen("--since", "3000-01-01T02:00:39+02:00", "--status", "ok") == ["39"]
    assert len(chosen("--since", "2d")) == 80


def test_a_time_that_is_none_says_how_to_write_one(yard: Yard) -> None:
    for wrong in ("yesterday", "9" * 30 + "d"):
        refused = yard.run("ledger", "show", "--since", wrong)
        assert refused.code == 2
        assert "write 2026-11-21" in refused.err


def test_an_export_holds_every_record_in_both_formats(yard: Yard) -> None:
    write_records(yard, 12, arguments={"a": [1]}, reason="=1+1")
    lines = yard.run("ledger", "export", "-o", "-").out
    assert [record["call_id"] for record in jsons(lines)] == [str(n) for n in range(12) for _ in range(2)]
    assert yard.run("ledger", "export", "--format", "csv", "--tool", "tool0", "-o", "out.csv").out == ""
    rows = list(csv.DictReader(io.StringIO((yard.root / "out.csv").read_text())))
    assert [row["call_id"] for row in rows] == [str(n) for n in range(0, 12, 2) for _ in range(2)]
    assert (rows[0]["arguments"], rows[0]["reason"], rows[0]["status"]) == ('{"a": [1]}', "'=1+1", "")


def test_a_reader_that_stops_early_is_no_error(yard: Yard) -> None:
    write_records(yard)
    command = [*TOOLYARD, "ledger", "export"]
    with subprocess.Popen(
        command, cwd=yard.root, env=dict(yard.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(DEADLINE)


async def test_following_shows_what_was_there_and_then_what_comes(yard: Yard) -> None:
    ledger = write_records(yard, 3)
    command = [*TOOLYARD, "ledger", "show", "--json", "--follow", "-n", "1", "--tool", "tool0"]
    with anyio.fail_after(DEADLINE):
        async with await anyio.open_process(command, cwd=yard.root, env=yard.env) as process:
            assert process.stdout
            lines = BufferedByteReceiveStream(process.stdout)
            assert json.loads(await lines.receive_until(b"\n", 9999))["call_id"] == "2"
            for tool in ("tool1", "tool0"):
                ledger.append({"time": "2999", "event": "refusal", "tool": tool, "text": "x" * 3000})
            write_records(yard, 1)
            assert json.loads(await lines.receive_until(b"\n", 9999))["time"] == "2999"
            assert json.loads(await lines.receive_until(b"\n", 9999))["call_id"] == "0"
            process.kill()


async def test_the_config_says_where_the_ledger_is_and_how_it_is_kept(tmp_path: Path) -> None:
    config = "python: [my_tools]\nledger: {sync: always, rotate_bytes: 4096, folder: kept}\n"
    yard = write_yard(tmp_path, TOOLS, config)
    async with talking(yard) as talk:
        await talk.open()
        for n in range(40):
            await talk.call(n, "echo", {"text": "x" * 100})
        answered = {(await talk.line())["id"] for _ in range(40)}
        assert answered == set(range(40))
        await talk.end()
    assert not ledger_of(yard).exists()
    verified = yard.run("ledger", "verify", "kept", "--json").json
    assert (verified["ok"], verified["calls"], verified["unknown"], verified["notes"]) == (True, 40, [], [])
    assert verified["files"] > 4
    assert len(jsons(yard.run("ledger", "show", "--json", "--folder", "kept", "--tool", "echo").out)) == 80


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{sync: sometimes}", "ledger.sync: Input should be 'never' or 'always'"),
        ("{rotate_bytes: 1}", "ledger.rotate_bytes: Input should be greater than or equal to 4096"),
        ("{rotate: 1}", "ledger.rotate: unknown key; did you mean 'rotate_bytes'?"),
    ],
)
def test_a_wrong_key_of_the_ledger_is_named(tmp_path: Path, written: str, message: str) -> None:
    yard = write_yard(tmp_path, TOOLS, f"python: [my_tools]\nledger: {written}\n")
    assert message in yard.run("tools", yard.config).err
