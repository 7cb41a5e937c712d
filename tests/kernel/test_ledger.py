"""What is recorded, and what never is."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.kernel.door import OPEN, Door, act, open_door
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import LedgerError, ToolError
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.ledger import Ledger, NoLedger
from toolyard_kernel.ledger.reading import read_records
from toolyard_kernel.profiles.builtin import READONLY

pytestmark = pytest.mark.anyio

SECRET = "s3cr\"et\nwith 'quotes' and ünicode"


def files(state: Path) -> list[Path]:
    return sorted((state / "ledger").glob("*.jsonl"))


def only_file(state: Path) -> Path:
    (path,) = files(state)
    return path


def lines(state: Path) -> list[str]:
    return only_file(state).read_text().splitlines()


def answer(arguments: Any, ctx: ToolContext) -> str:
    return "ok"


async def recorded(state: Path, arguments: JsonObject, *, secret: Any = (), schema: JsonObject = OPEN) -> JsonObject:
    """The arguments as the ledger has them."""
    door = open_door(state, act(answer, secret=secret, input_schema=schema))
    assert (await door.call("act", arguments)).ok
    shown: JsonObject = door.records()[0]["arguments"]
    return shown


async def test_every_line_is_chained_to_the_one_before(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(answer))
    for n in range(3):
        await door.call("act", {"n": n, "text": "ünicode \ud800"})
    await door.call("missing")
    previous = ""
    for sequence, line in enumerate(lines(tmp_path)):
        record = json.loads(line)
        body, _, end = line.rpartition(',"hash":"')
        assert (record["seq"], record["prev"], record["v"]) == (sequence, previous, 1)
        previous = hashlib.sha256(f"{body}}}".encode()).hexdigest()
        assert end == f'{previous}"}}'
    assert [json.loads(line)["event"] for line in lines(tmp_path)] == [
        "open", *["start", "end"] * 3, "refusal"
    ]  # fmt: skip


async def test_a_changed_line_breaks_the_chain(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(answer))
    await door.call("act", {"n": 1})
    _, start, end = lines(tmp_path)
    for changed, follows in ((False, True), (True, False)):
        body = start.rpartition(',"hash":"')[0].replace('"n":1', '"n":2' if changed else '"n":1')
        assert (hashlib.sha256(f"{body}}}".encode()).hexdigest() == json.loads(end)["prev"]) is follows


async def test_the_ledger_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await open_door(tmp_path / "state", act(answer)).call("act")
    finally:
        os.umask(before)
    folder = tmp_path / "state/ledger"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert only_file(tmp_path / "state") in folder.iterdir()


async def test_nothing_is_made_before_the_first_record(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(answer))
    assert door.listed(READONLY) == ["act"]
    assert list(tmp_path.iterdir()) == []
    assert list(read_records(tmp_path)) == []


def test_opening_makes_the_file_once(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    ledger.open()
    ledger.open()
    assert len(files(tmp_path)) == 1
    ledger.close()
    ledger.close()


def test_a_ledger_that_is_closed_and_written_again_starts_a_chain_of_its_own(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    for n in range(2):
        ledger.append({"time": f"900{n}", "n": n})
        ledger.close()
    assert [(record["n"], record["seq"]) for record in read_records(tmp_path)] == [(0, 1), (1, 1)]
    assert [json.loads(path.read_text().splitlines()[0])["prev"] for path in files(tmp_path)] == ["", ""]


def test_a_folder_that_cannot_be_written_says_which_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("in the way")
    with pytest.raises(LedgerError) as failed:
        FileLedger(tmp_path).open()
    assert str(failed.value) == (
        f"the ledger cannot be written in {tmp_path / 'ledger'}: File exists; "
        "make the folder writable, or set XDG_STATE_HOME to one that is"
    )
    with pytest.raises(LedgerError, match="Not a directory; make the folder writable"):
        FileLedger(tmp_path / "ledger").append({})


@pytest.fixture
def disk() -> Iterator[Callable[[int], None]]:
    """Make the disk full: no file of this process grows beyond so many bytes."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size if size >= 0 else before, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_record_that_does_not_fit_on_the_disk_is_an_error_and_tears_no_other(
    tmp_path: Path, disk: Callable[[int], None]
) -> None:
    ledger = FileLedger(tmp_path)
    ledger.append({"time": "9001"})
    disk(only_file(tmp_path).stat().st_size + 20)
    with pytest.raises(LedgerError, match=r"cut short in .*disk full"):
        ledger.append({"time": "9002"})
    disk(0)
    with pytest.raises(LedgerError, match=r"a record could not be written in .*: File too large"):
        ledger.append({"time": "9003"})
    disk(-1)
    ledger.append({"time": "9004"})
    ledger.append({"time": "9005"})
    assert [(record["time"], record["seq"]) for record in read_records(tmp_path)] == [
        ("9001", 1), ("9004", 1), ("9005", 2)
    ]  # fmt: skip


def test_a_record_that_is_no_json_is_an_error_and_tears_no_other(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    ledger = FileLedger(tmp_path)
    with pytest.raises(LedgerError, match="a record cannot be written as JSON"):
        ledger.append({"value": endless})
    ledger.append({"value": 1})
    assert [(record["value"], record["seq"]) for record in read_records(tmp_path)] == [(1, 1)]


async def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(answer))
    await door.call("act")
    path = only_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'7\n\xff\xfe\n\n[1]\n{"event":"start","to')
    (tmp_path / "ledger" / "notes.txt").write_text('{"event": "none"}')
    assert door.events() == [("start", None), ("end", "ok")]


def test_records_of_several_processes_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    first, second = FileLedger(tmp_path), FileLedger(tmp_path)
    for time, ledger in (("9001", second), ("9002", first), ("9003", second)):
        ledger.append({"time": time})
    assert len(files(tmp_path)) == 2
    assert [record["time"] for record in read_records(tmp_path)] == ["9001", "9002", "9003"]


async def test_a_host_may_keep_no_record(tmp_path: Path) -> None:
    ledger: Ledger = NoLedger()
    ledger.open()
    assert (await open_door(tmp_path, act(answer), ledger=ledger).call("act")).ok
    ledger.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"pin": "s3cret", "to": "x"}, {"pin": "[redacted]", "to": "x"}),
        ({"a": {"b": [{"pin": "s3cret"}]}}, {"a": {"b": [{"pin": "[redacted]"}]}}),
        ({"a": ({"pin": "s3cret"}, 1)}, {"a": [{"pin": "[redacted]"}, 1]}),
        ({"pin": {"deep": ["s3cret"]}}, {"pin": "[redacted]"}),
        ({"pin": None}, {"pin": "[redacted]"}),
    ],
)
async def test_secrets_are_taken_out_of_arguments_at_any_depth(
    tmp_path: Path, arguments: JsonObject, shown: JsonObject
) -> None:
    assert await recorded(tmp_path, arguments, secret="pin") == shown
    assert "s3cret" not in "".join(lines(tmp_path))


async def test_only_json_is_recorded_and_nothing_speaks_for_itself(tmp_path: Path) -> None:
    class Talkative:
        def __str__(self) -> str:
            return "s3cret"

    shown = await recorded(tmp_path, {"a": Talkative(), "b": None, "c": True, "d": float("inf"), "e": 1.5})
    assert shown == {"a": "… (Talkative)", "b": None, "c": True, "d": "inf", "e": 1.5}


async def test_long_and_deep_arguments_are_cut(tmp_path: Path) -> None:
    deep: Any = "bottom"
    for _ in range(20):
        deep = {"d": deep}
    shown = await recorded(tmp_path, {"text": "x" * 1000, "list": list(range(99)), "n": 10**5000, "deep": deep})
    assert shown["text"] == "x" * 256 + "… (1000 characters)"
    assert (len(shown["list"]), shown["list"][-1]) == (51, "… (99 items)")
    assert shown["n"] == "… (an integer of 16610 bits)"
    assert str(shown["deep"]).count("d") == 7
    assert max(map(len, lines(tmp_path))) < 4000
    assert len(await recorded(tmp_path / "many", {str(n): n for n in range(99)})) == 51


async def test_a_cycle_ends(tmp_path: Path) -> None:
    loop: JsonObject = {"name": "x"}
    loop["again"] = loop
    assert str((await recorded(tmp_path, {"a": loop}))["a"]).count("'name'") == 7


def tell(error: Callable[[Any], Exception]) -> Callable[[Any, ToolContext], None]:
    def fail(arguments: Any, ctx: ToolContext) -> None:
        raise error(arguments["login"]["pin"])

    return fail


def take_and_tell(arguments: Any, ctx: ToolContext) -> None:
    raise ToolError(f"no such pin: {arguments['login'].pop('pin')}")


@pytest.mark.parametrize(
    "handler", [tell(lambda pin: ToolError(f"no such pin: {pin}")), tell(KeyError), tell(ValueError), take_and_tell]
)
@pytest.mark.parametrize("pin", ["s3cret", SECRET, 73519, {"parts": [73519.5, "s3cret", None, True]}])
async def test_an_error_that_repeats_a_secret_is_recorded_without_it(tmp_path: Path, handler: Any, pin: Any) -> None:
    door = open_door(tmp_path, act(handler, secret=["pin"]))
    outcome = await door.call("act", {"login": {"pin": pin}})
    assert outcome.status == "tool_error"
    assert not [text for text in ("s3cr", "73519", "quotes", "nicode") if text in door.written()]
    assert "[redacted]" in door.records()[1]["error"]


async def test_a_secret_that_says_nothing_hides_nothing(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(tell(lambda pin: ToolError("1 of 0: True")), secret=["pin"]))
    await door.call("act", {"login": {"pin": ["", 0, 1, True, None]}})
    assert door.records()[1]["error"] == "1 of 0: True"


async def test_a_secret_that_is_too_long_to_write_does_not_stop_the_record(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(take_and_tell, secret=["pin"]))
    outcome = await door.call("act", {"login": {"pin": 10**5000}, "loop": [{}]})
    assert outcome.status == "tool_error"
    assert door.events() == [("start", None), ("end", "tool_error")]


async def test_a_secret_is_found_in_arguments_that_contain_themselves(tmp_path: Path) -> None:
    login: JsonObject = {"pin": "s3cret"}
    login["again"] = login
    door = open_door(tmp_path, act(tell(ValueError), secret=["pin"]))
    await door.call("act", {"login": login})
    assert door.events() == [("start", None), ("end", "tool_error")]
    assert "s3cret" not in door.written()


async def refused(door: Door, arguments: JsonObject) -> dict[str, Any]:
    assert not (await door.call("act", arguments, profile=READONLY)).ok
    (record,) = door.records()
    return record


async def test_a_refusal_keeps_no_value_that_no_schema_vouches_for(tmp_path: Path) -> None:
    schema: JsonObject = {"type": "object", "properties": {"pin": {"type": "string"}}, "additionalProperties": False}
    door = open_door(tmp_path, act(answer, input_schema=schema, secret=["pin"]))
    record = await refused(door, {"pin": ["s3cret"], "p1n": "s3cret"})
    assert record["arguments"] == {"pin": "[redacted]", "p1n": "[redacted]"}
    assert record["reason"] == record["error"]
    assert "p1n: unknown field" in record["reason"]
    assert "s3cret" not in door.written()


async def test_a_refusal_of_an_unknown_tool_keeps_field_names_only(tmp_path: Path) -> None:
    door = open_door(tmp_path)
    record = await refused(door, {"pin": "s3cret", "x" * 999: 1, **{str(n): n for n in range(99)}})
    assert (len(record["arguments"]), set(record["arguments"].values())) == (50, {"[redacted]"})
    assert max(map(len, record["arguments"])) == 256
    assert "s3cret" not in door.written()


async def test_a_refusal_of_fitting_arguments_keeps_all_but_the_secrets(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(answer, effects=["network"], secret=["pin"]))
    record = await refused(door, {"pin": "s3cret", "to": "x", "map": MappingProxyType({"pin": "s3cret"})})
    assert record["arguments"] == {"pin": "[redacted]", "to": "x", "map": {"pin": "[redacted]"}}
    assert "s3cret" not in door.written()


async def test_a_rule_of_a_model_that_quotes_a_secret_is_recorded_without_it(tmp_path: Path) -> None:
    def parse(arguments: JsonObject) -> None:
        raise ValueError(f"{arguments['pin']} is too short")

    tool = act(answer, secret=["pin"])
    object.__setattr__(tool, "parse", parse)
    record = await refused(open_door(tmp_path, tool), {"pin": "s3cret"})
    assert record["reason"] == "invalid arguments: ValueError: [redacted] is too short"


async def test_endless_names_and_errors_are_cut(tmp_path: Path) -> None:
    door = open_door(tmp_path, act(tell(ValueError)))
    await door.call("act", {"login": {"pin": "x" * 9999}})
    await door.gate.call(ToolCall(tool="y" * 9999), door.caller)
    start, end, refusal = door.records()
    assert start["tool"] == "act"
    assert len(end["error"]) == 500
    assert (refusal["tool"], refusal["reason"]) == ("y" * 128, f"no tool is named '{'y' * 128}'")
