"""The queue of approvals: whoever asks, decides or spends, each happens once, and whatever is unclear is a no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import pytest

from toolyard_kernel.approvals.store import Approval, Approvals
from toolyard_kernel.approvals.sweep import WEEK
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import InvalidArguments, LedgerError, UnknownName

TOLD: JsonObject = {
    "tool": "act", "caller": "ann", "profile": "careful", "reason": "it asks", "arguments": {"n": 1}, "secret": ["key"]
}  # fmt: skip
MANY = 16
MINUTE, DAY = 60.0, 86400.0

Given = TypeVar("Given")


class Clock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def approvals(tmp_path: Path, clock: Clock) -> Approvals:
    return Approvals(tmp_path, clock)


def asked(approvals: Approvals, binding: str = "one", deadline: float = MINUTE) -> Approval:
    return approvals.ask(binding=binding, deadline=deadline, told=TOLD)


def state_of(approvals: Approvals, number: str) -> str:
    return approvals.get(number).state


def at_once(work: Callable[[int], Given]) -> list[Given]:
    """What `work` returns in many threads that start together."""
    start = Barrier(MANY)

    def run(number: int) -> Given:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(run, range(MANY)))


def test_an_ask_waits_until_it_is_approved_and_is_spent_once(approvals: Approvals) -> None:
    waits = asked(approvals)
    assert (waits.state, waits.tool, waits.caller, waits.arguments) == ("pending", "act", "ann", {"n": 1})
    assert approvals.decide(waits.id, approved=True).state == "approved"
    assert [approvals.spend(waits.id), approvals.spend(waits.id)] == [True, False]
    assert state_of(approvals, waits.id) == "spent"


def test_one_ask_waits_for_equal_calls_and_another_for_another(approvals: Approvals) -> None:
    first = asked(approvals)
    assert asked(approvals).id == first.id
    assert asked(approvals, "two").id != first.id
    approvals.decide(first.id, approved=False)
    assert asked(approvals).id != first.id


@pytest.mark.parametrize("approved", [True, False])
def test_an_answer_stands(approvals: Approvals, approved: bool) -> None:  # noqa: FBT001 - a parameter
    waits = asked(approvals)
    answered = approvals.decide(waits.id, approved=approved)
    for other in (True, False):
        with pytest.raises(UnknownName, match=f"does not wait for an answer: it is {answered.state}"):
            approvals.decide(waits.id, approved=other)
    assert approvals.get(waits.id) == answered


def test_of_many_threads_that_answer_one_wins(approvals: Approvals, tmp_path: Path, clock: Clock) -> None:
    waits = asked(approvals)

    def answer(number: int) -> bool | None:
        try:
            Approvals(tmp_path, clock).decide(waits.id, approved=number % 2 == 0)
        except UnknownName:
            return None
        return number % 2 == 0

    (won,) = [answer for answer in at_once(answer) if answer is not None]
    assert state_of(approvals, waits.id) == ("approved" if won else "denied")


def test_of_many_threads_that_spend_one_does(approvals: Approvals, tmp_path: Path, clock: Clock) -> None:
    waits = asked(approvals)
    approvals.decide(waits.id, approved=True)
    assert sum(at_once(lambda _: Approvals(tmp_path, clock).spend(waits.id))) == 1


PROCESS = """
import sys
from pathlib import Path
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.errors import UnknownName
approvals, number, what = Approvals(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
sys.stdin.readline()
try:
    print(approvals.spend(number) if what == "spend" else approvals.decide(number, approved=what == "approve").state)
except UnknownName:
    print(False)
"""


def processes(state: Path, number: str, *whats: str) -> list[str]:
    """What processes print that do `whats`, all at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(state), number, what],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for what in whats
    ]  # fmt: skip
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=30)[0].strip() for process in started]


def test_of_several_processes_one_answers_and_one_spends(tmp_path: Path) -> None:
    approvals = Approvals(tmp_path)
    waits = asked(approvals)
    said = processes(tmp_path, waits.id, "approve", "deny", "approve", "deny")
    assert sorted(said)[:3] == ["False"] * 3
    assert state_of(approvals, waits.id) == sorted(said)[3]
    other = asked(approvals, "two")
    approvals.decide(other.id, approved=True)
    assert sorted(processes(tmp_path, other.id, *["spend"] * 4)) == ["False", "False", "False", "True"]


def test_an_ask_that_waited_too_long_cannot_be_approved(approvals: Approvals, clock: Clock) -> None:
    waits = asked(approvals)
    clock.now += MINUTE
    assert state_of(approvals, waits.id) == "expired"
    with pytest.raises(UnknownName, match="it is expired"):
        approvals.decide(waits.id, approved=True)
    assert state_of(approvals, waits.id) == "expired"
    assert asked(approvals).id != waits.id


def test_a_yes_that_was_not_used_in_time_is_none(approvals: Approvals, clock: Clock) -> None:
    waits = asked(approvals)
    clock.now += MINUTE - 1
    assert approvals.decide(waits.id, approved=True).expires == clock.now + MINUTE
    clock.now += MINUTE - 1
    assert [one.state for one in approvals.of("one")] == ["approved"]
    clock.now += 1
    assert state_of(approvals, waits.id) == "expired"
    assert list(approvals.of("one")) == []


def test_a_no_stands_as_long_as_a_yes_would_and_then_may_be_asked_again(approvals: Approvals, clock: Clock) -> None:
    waits = asked(approvals)
    approvals.decide(waits.id, approved=False)
    assert [one.state for one in approvals.of("one")] == ["denied"]
    clock.now += MINUTE
    assert list(approvals.of("one")) == []
    assert state_of(approvals, waits.id) == "denied"


@pytest.mark.parametrize(
    "number",
    ["../x", "..", "", ".", "/etc/passwd", "a" * 15, "A" * 16, "g" * 16, "a" * 17, "a" * 16 + "\n", "0/1", "\0"],
)
def test_an_id_that_is_none_leaves_the_folder_alone(approvals: Approvals, tmp_path: Path, number: str) -> None:
    (tmp_path / "x.ask.json").write_text(json.dumps(TOLD))
    asked(approvals)
    before = sorted(tmp_path.rglob("*"))
    uses: list[Callable[[str], object]] = [
        approvals.get,
        approvals.spend,
        lambda one: approvals.decide(one, approved=True),
    ]
    for use in uses:
        with pytest.raises(UnknownName):
            use(number)
    assert sorted(tmp_path.rglob("*")) == before


def test_files_are_the_owners_alone(approvals: Approvals) -> None:
    old = os.umask(0)
    try:
        waits = asked(approvals)
        approvals.decide(waits.id, approved=True)
        approvals.spend(waits.id)
    finally:
        os.umask(old)
    assert approvals.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in approvals.folder.iterdir()} == {0o600}
    assert len(list(approvals.folder.iterdir())) == 3


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_believed(approvals: Approvals, mode: int) -> None:
    waits = asked(approvals)
    approvals.folder.chmod(mode)
    for use in (lambda: asked(approvals, "two"), lambda: approvals.spend(waits.id), approvals.all):
        with pytest.raises(LedgerError, match="can be written by others"):
            use()
    approvals.folder.chmod(0o700)
    assert state_of(approvals, waits.id) == "pending"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "approvals").write_text("a file")
    approvals = Approvals(tmp_path)
    for use in (lambda: asked(approvals), lambda: approvals.spend("0" * 16), approvals.all):
        with pytest.raises(LedgerError, match="approvals cannot be"):
            use()


DAMAGE: list[bytes] = [
    b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000,
    b'{"approved": "yes", "arguments": null, "decided": 1}',
    b'{"approved": true}', b'{"approved": 1, "arguments": null, "decided": 1000000}', b"9" * 5000,
    b'{"approved": true, "arguments": null, "decided": NaN}',
    b'{"approved": true, "arguments": null, "decided": 1e999}',
    b'{"approved": true, "arguments": [], "decided": 1000000}',
    b'{"approved": true, "arguments": null, "decided": 1000000, "more": 1}',
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_answer_is_a_no(approvals: Approvals, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    waits = asked(approvals)
    path = approvals.folder / f"{waits.id}.decision.json"
    path.write_bytes(damage)
    assert [one.state for one in approvals.of("one")] == ["damaged"]
    assert f"counts as a no: {path} is damaged; delete the file" in caplog.text
    with pytest.raises(UnknownName, match="it is damaged"):
        approvals.decide(waits.id, approved=True)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_ask_hides_no_other(approvals: Approvals, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    waits, other = asked(approvals), asked(approvals, "two")
    (approvals.folder / f"{waits.id}.ask.json").write_bytes(damage)
    (approvals.folder / "notes.ask.json").write_text("what is this")
    assert [one.id for one in approvals.all()] == [other.id]
    assert "is damaged; delete the file" in caplog.text
    with pytest.raises(UnknownName, match="is damaged; delete the file"):
        approvals.decide(waits.id, approved=True)
    assert approvals.decide(other.id, approved=True).state == "approved"


def test_an_ask_without_an_end_is_damaged(approvals: Approvals) -> None:
    waits = asked(approvals)
    path = approvals.folder / f"{waits.id}.ask.json"
    for end in (float("nan"), float("inf"), "tomorrow", None):
        path.write_text(json.dumps({**json.loads(path.read_text()), "expires": end}))
        assert approvals.all() == []


def test_an_edit_that_holds_a_secret_is_not_kept(approvals: Approvals) -> None:
    waits = asked(approvals)
    edits: list[JsonObject] = [{"key": "s3cret"}, {"in": [{"key": "s3cret"}]}, {"key": {"a": "s3cret"}}]
    for edit in edits:
        with pytest.raises(InvalidArguments, match="key: a secret cannot be given here"):
            approvals.decide(waits.id, approved=True, arguments=edit)
    assert state_of(approvals, waits.id) == "pending"
    assert approvals.decide(waits.id, approved=True, arguments={"key": "[redacted]", "n": 2}).edited == {
        "key": "[redacted]", "n": 2
    }  # fmt: skip
    assert not [path for path in approvals.folder.iterdir() if "s3cret" in path.read_text()]


def test_what_ended_a_week_ago_goes_and_nothing_before(approvals: Approvals, clock: Clock, tmp_path: Path) -> None:
    old, kept = asked(approvals), asked(approvals, "long", deadline=3 * WEEK)
    approvals.decide(old.id, approved=True)
    approvals.spend(old.id)
    clock.now += WEEK + MINUTE
    asked(Approvals(tmp_path, clock), "three")
    assert state_of(approvals, old.id) == "spent"
    clock.now += DAY
    newest = asked(Approvals(tmp_path, clock), "four")
    assert {one.id for one in approvals.all()} >= {kept.id, newest.id}
    assert not [path for path in approvals.folder.iterdir() if old.id in path.name]
    assert approvals.decide(kept.id, approved=True).state == "approved"


def test_a_mark_without_an_ask_goes_after_a_week_and_not_before(tmp_path: Path) -> None:
    mark, draft = "0" * 16, ".half.ask.json.abcd"
    now = [0.0]
    approvals = Approvals(tmp_path, lambda: now[0])
    approvals.folder.mkdir(mode=0o700)
    (approvals.folder / draft).write_text("{")
    now[0] = (approvals.folder / draft).stat().st_mtime + 6 * DAY
    assert approvals.spend(mark)
    assert not Approvals(tmp_path, approvals._clock).spend(mark)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    now[0] += 2 * DAY
    assert asked(Approvals(tmp_path, lambda: now[0])).state == "pending"
    assert sorted(path.suffix for path in approvals.folder.iterdir()) == [".json"]


def test_a_sweep_that_is_cut_short_brings_no_approval_back(
    approvals: Approvals, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = asked(approvals)
    approvals.decide(waits.id, approved=True)
    approvals.spend(waits.id)
    clock.now += 2 * WEEK
    removed: list[str] = []
    unlink = Path.unlink

    def one_only(path: Path, **options: Any) -> None:
        if waits.id in path.name:
            removed.append(path.name)
        if len(removed) > 1:
            raise OSError(5, "Input/output error")
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", one_only)
    with pytest.raises(LedgerError):
        asked(Approvals(approvals.state, clock), "two")
    monkeypatch.undo()
    assert removed[0] == f"{waits.id}.ask.json"
    clock.now = waits.asked
    with pytest.raises(UnknownName):
        approvals.get(waits.id)
