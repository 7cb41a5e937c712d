"""`toolyard approvals`: an operator answers what waits, and what is called again goes through once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.asking import asking_yard, call, line, ran
from tests.server.yards import Yard

pytestmark = pytest.mark.anyio

HIDING = "a\u202eb\u0085c\x1b[2Jd\ud800"


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return asking_yard(tmp_path, deadline="1h", on_ask="[queue]")


async def called(yard: Yard, **arguments: Any) -> dict[str, Any]:
    """The result of a call of `act` by a client of its own."""
    async with line(yard, None) as on:
        answer = await call(on, "act", arguments)
    result: dict[str, Any] = answer["result"]
    return result


def waiting(yard: Yard) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = yard.run("approvals", "list", "--json").json
    return listed


async def test_an_operator_approves_a_call_and_it_goes_through_once(yard: Yard) -> None:
    refused = await called(yard, text="a", key="s3cret")
    assert refused["isError"]
    (waits,) = waiting(yard)
    assert f"toolyard approvals approve {waits['id']}" in refused["content"][0]["text"]
    assert (waits["tool"], waits["caller"], waits["state"]) == ("act", "stdio", "pending")
    assert waits["arguments"] == {"text": "a", "key": "[redacted]"}
    shown = yard.run("approvals", "show", waits["id"])
    assert (shown.code, "stdio (profile careful)" in shown.out, "s3cret" in shown.out) == (0, True, False)
    assert yard.run("approvals", "show", waits["id"], "--json").json == waits
    approved = yard.run("approvals", "approve", waits["id"])
    assert (approved.code, approved.err) == (0, "")
    assert approved.out.startswith(f"approved {waits['id']}: stdio may call act once, until ")
    assert waiting(yard) == []
    assert (await called(yard, text="a", key="s3cret"))["content"][0]["text"] == "acted a"
    assert (await called(yard, text="a", key="s3cret"))["isError"]
    assert ran(yard) == ["a"]
    state = Path(yard.env["XDG_STATE_HOME"])
    assert "s3cret" not in "".join(path.read_text() for path in state.rglob("*") if path.is_file())
    assert [record["event"] for record in yard.records()] == ["wait", "start", "end", "wait"]


async def test_an_operator_denies_a_call(yard: Yard) -> None:
    await called(yard, text="a")
    (waits,) = waiting(yard)
    denied = yard.run("approvals", "deny", waits["id"])
    assert (denied.code, denied.out) == (0, f"denied {waits['id']}: stdio may not call act\n")
    refused = await called(yard, text="a")
    assert "approval was refused by an operator" in refused["content"][0]["text"]
    assert (ran(yard), waiting(yard)) == ([], [])
    everything = yard.run("approvals", "list", "--all")
    assert everything.out == f'{waits["id"]}  denied    stdio  act {{"text": "a"}}\n'


async def test_an_operator_approves_other_arguments(yard: Yard) -> None:
    await called(yard, text="a", key="s3cret")
    (waits,) = waiting(yard)
    leaked = yard.run("approvals", "approve", waits["id"], "--arguments", '{"text": "b", "key": "0ther"}')
    assert (leaked.code, "key: a secret cannot be given here" in leaked.err) == (2, True)
    edited = yard.run(
        "approvals", "approve", waits["id"], "--arguments", "-", stdin='{"text": "b", "key": "[redacted]"}'
    )
    assert edited.code == 0
    assert '"text": "b"' in yard.run("approvals", "show", waits["id"]).out
    assert (await called(yard, text="a", key="s3cret"))["content"][0]["text"] == "acted b"
    assert ran(yard) == ["b"]


async def test_other_arguments_that_do_not_fit_do_not_run(yard: Yard) -> None:
    await called(yard, text="a")
    (waits,) = waiting(yard)
    assert yard.run("approvals", "approve", waits["id"], "--arguments", '{"text": 7}').code == 0
    refused = await called(yard, text="a")
    assert "invalid arguments" in refused["content"][0]["text"]
    assert ran(yard) == []
    assert yard.records()[-1]["status"] == "tool_error"


@pytest.mark.parametrize("command", [["approve"], ["deny"], ["show"]])
@pytest.mark.parametrize("number", ["0" * 16, "../x", "", "..", "a b"])
def test_an_id_that_nothing_has_is_a_mistake(yard: Yard, command: list[str], number: str) -> None:
    ran = yard.run("approvals", *command, number)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"toolyard: no approval has the id {number!r}; `toolyard approvals list` shows those that wait\n"


async def test_an_answer_cannot_be_changed(yard: Yard) -> None:
    await called(yard, text="a")
    (waits,) = waiting(yard)
    assert yard.run("approvals", "deny", waits["id"]).code == 0
    again = yard.run("approvals", "approve", waits["id"])
    assert (again.code, again.out) == (2, "")
    assert again.err == f"toolyard: approval '{waits['id']}' does not wait for an answer: it is denied\n"


@pytest.mark.parametrize("arguments", ["[]", "{", "7", "", "[" * 100_000])
async def test_arguments_that_are_no_object_are_a_mistake(yard: Yard, arguments: str) -> None:
    ran = yard.run("approvals", "approve", "0" * 16, "--arguments", "-", stdin=arguments)
    assert (ran.code, ran.out, "Traceback" in ran.err) == (2, "", False)


def test_nothing_waits_in_a_folder_that_is_not_there(yard: Yard) -> None:
    listed = yard.run("approvals", "list")
    assert (listed.code, listed.out, listed.err) == (0, "", "nothing waits for an answer\n")
    assert waiting(yard) == []


async def test_a_damaged_file_is_said_and_hides_nothing(yard: Yard) -> None:
    await called(yard, text="a")
    await called(yard, text="b")
    one, other = waiting(yard)
    folder = Path(yard.env["XDG_STATE_HOME"]) / "toolyard" / "approvals"
    (folder / f"{one['id']}.ask.json").write_text("{")
    listed = yard.run("approvals", "list", "--json")
    assert [waits["id"] for waits in listed.json] == [other["id"]]
    assert "is damaged; delete the file" in listed.err
    shown = yard.run("approvals", "show", one["id"])
    assert (shown.code, "Traceback" in shown.err) == (2, False)
    assert (await called(yard, text="a"))["isError"]
    folder.chmod(0o777)
    for command in (["list"], ["approve", other["id"]]):
        ran = yard.run("approvals", *command)
        assert (ran.code, "can be written by others" in ran.err, "Traceback" in ran.err) == (2, True, False)
    assert (await called(yard, text="b"))["isError"]


async def test_what_is_shown_steers_no_terminal_and_hides_nothing(yard: Yard) -> None:
    async with line(yard, None) as on:
        await call(on, "act", {"text": HIDING.encode("utf-8", "ignore").decode()})
    (waits,) = waiting(yard)
    for told in (yard.run("approvals", "list").out, yard.run("approvals", "show", waits["id"]).out):
        assert r"a\u202eb\u0085c\u001b[2Jd" in told
        assert all(letter.isprintable() or letter == "\n" for letter in told)
    assert json.loads(yard.run("approvals", "show", waits["id"], "--json").out)["arguments"]["text"].startswith(
        "a\u202eb"
    )
