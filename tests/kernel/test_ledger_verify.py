"""Whatever is done to a ledger is found, and named; what a kill leaves behind is not mistaken for it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolyard_kernel.ledger.files import FileLedger, Keeping
from toolyard_kernel.ledger.findings import Verdict
from toolyard_kernel.ledger.names import INDEX
from toolyard_kernel.ledger.verification import verify

Files = dict[str, bytes]
Editing = Callable[[st.DataObject, Files, str], "Edit"]
any_edit = settings(deadline=None, max_examples=50)  # files are written and read for each


@dataclass(frozen=True)
class Edit:
    """What was done: which files are different, and the line where the first difference must be found, if a line."""

    files: Files
    touched: frozenset[str]
    line: int | None = None


def write_ledger(state: Path, *, closed: bool) -> None:
    ledger = FileLedger(state, Keeping(rotate_bytes=1500))
    for n in range(6):
        about = {"time": f"3000-01-01T00:00:{n:02}", "call_id": f"c{n}", "tool": "act", "text": "ünicode \ud800"}
        ledger.append({"event": "start", **about})
        ledger.append({"event": "end", "status": "ok", **about})
    if closed:
        ledger.close()


@cache
def ledger_of(*, closed: bool) -> Files:
    """Two chains of several files, in the order they were written: one closed, one closed or not."""
    with tempfile.TemporaryDirectory() as folder:
        written: list[str] = []
        for last in (True, closed):
            write_ledger(Path(folder), closed=last)
            written += sorted({path.name for path in (Path(folder) / "ledger").iterdir()}.difference(written))
        return {name: (Path(folder) / "ledger" / name).read_bytes() for name in written}


@contextmanager
def folder_of(files: Files) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)


def verdict_on(files: Files) -> Verdict:
    with folder_of(files) as folder:
        return verify(folder)


def lines_of(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def names_of(files: Files) -> list[str]:
    return [name for name in files if name != INDEX]


def with_lines(files: Files, name: str, lines: list[bytes], line: int | None) -> Edit:
    return Edit({**files, name: b"".join(lines)}, frozenset({name}), line)


def a_changed_byte(data: st.DataObject, files: Files, name: str) -> Edit:
    content = files[name]
    at = data.draw(st.integers(0, len(content) - 1))
    other = (content[at] + data.draw(st.integers(1, 255))) % 256
    changed = content[:at] + bytes([other]) + content[at + 1 :]
    return Edit({**files, name: changed}, frozenset({name}), content[:at].count(b"\n") + 1)


def a_deleted_line(data: st.DataObject, files: Files, name: str) -> Edit:
    lines = lines_of(files[name])
    at = data.draw(st.integers(0, len(lines) - 1))
    return with_lines(files, name, lines[:at] + lines[at + 1 :], at + 1 if at + 1 < len(lines) else None)


def two_swapped_lines(data: st.DataObject, files: Files, name: str) -> Edit:
    lines = lines_of(files[name])
    one, other = sorted(data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True)))
    lines[one], lines[other] = lines[other], lines[one]
    return with_lines(files, name, lines, one + 1)


def a_repeated_line(data: st.DataObject, files: Files, name: str) -> Edit:
    lines = lines_of(files[name])
    which, at = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines)))
    first = at if which != at else at + 1  # before itself, it is the second one that is too much
    return with_lines(files, name, [*lines[:at], lines[which], *lines[at:]], first + 1)


def a_cut_file(data: st.DataObject, files: Files, name: str) -> Edit:
    at = data.draw(st.integers(0, len(files[name]) - 1))
    return Edit({**files, name: files[name][:at]}, frozenset({name}))


def a_removed_file(data: st.DataObject, files: Files, name: str) -> Edit:
    return Edit({other: files[other] for other in files if other != name}, frozenset({name}))


def a_moved_line(data: st.DataObject, files: Files, name: str) -> Edit:
    source = data.draw(st.sampled_from([other for other in names_of(files) if other != name]))
    taken, lines = lines_of(files[source]), lines_of(files[name])
    line = taken.pop(data.draw(st.integers(0, len(taken) - 1)))
    at = data.draw(st.integers(0, len(lines)))
    moved = {**files, source: b"".join(taken), name: b"".join([*lines[:at], line, *lines[at:]])}
    return Edit(moved, frozenset({name}), at + 1)


def two_swapped_files(data: st.DataObject, files: Files, name: str) -> Edit:
    other: str = data.draw(st.sampled_from([other for other in names_of(files) if other != name]))
    return Edit({**files, name: files[other], other: files[name]}, frozenset({name, other}))


EDITS: list[Editing] = [
    a_changed_byte,
    a_deleted_line,
    two_swapped_lines,
    a_repeated_line,
    a_cut_file,
    a_removed_file,
    a_moved_line,
    two_swapped_files,
]


def is_what_a_kill_leaves(edit: Edit, whole: Files) -> bool:
    """Only the end of the file that was written last is gone, or torn."""
    last = names_of(whole)[-1]
    left = edit.files.get(last)
    return (
        left is not None and edit.touched == frozenset({last}) and whole[last].startswith(left[: left.rfind(b"\n") + 1])
    )


@pytest.mark.parametrize("closed", [True, False])
def test_a_ledger_that_nobody_touched_is_fine(closed: bool) -> None:  # noqa: FBT001 - pytest passes it so
    files = ledger_of(closed=closed)
    verdict = verdict_on(files)
    assert (verdict.ok, verdict.calls, verdict.unknown) == (True, 12, ())
    assert len(names_of(files)) == verdict.files > 4
    assert verdict.records == sum(len(lines_of(files[name])) for name in names_of(files))
    assert [note.file for note in verdict.notes] == ([] if closed else [names_of(files)[-1]])


@pytest.mark.parametrize("edit", EDITS)
@any_edit
@given(st.data())
def test_an_edit_of_a_closed_ledger_is_found_and_named(edit: Editing, data: st.DataObject) -> None:
    files = ledger_of(closed=True)
    name = data.draw(st.sampled_from(names_of(files)))
    done = edit(data, files, name)
    problems = verdict_on(done.files).problems
    assert {problem.file for problem in problems} >= done.touched
    if done.line is not None:
        assert min(problem.line for problem in problems if problem.file == name and problem.line) == done.line


@pytest.mark.parametrize("edit", EDITS)
@any_edit
@given(st.data())
def test_an_edit_of_a_ledger_that_was_not_closed_is_found_unless_a_kill_can_leave_the_same(
    edit: Editing, data: st.DataObject
) -> None:
    files = ledger_of(closed=False)
    name = data.draw(st.sampled_from(names_of(files)))
    done = edit(data, files, name)
    verdict = verdict_on(done.files)
    if is_what_a_kill_leaves(done, files):
        assert verdict.ok
        assert name in {note.file for note in verdict.notes}
    else:
        assert {problem.file for problem in verdict.problems} >= done.touched


@pytest.mark.parametrize("edit", [a_changed_byte, a_deleted_line, two_swapped_lines, a_repeated_line])
@any_edit
@given(st.data())
def test_an_edit_of_the_index_is_found_unless_a_kill_can_leave_the_same(edit: Editing, data: st.DataObject) -> None:
    files = ledger_of(closed=True)
    done = edit(data, files, INDEX)
    left = done.files[INDEX][: done.files[INDEX].rfind(b"\n") + 1]
    verdict = verdict_on(done.files)
    if files[INDEX].startswith(left):  # its last line, which closed the last chain
        assert verdict.ok
        assert any("the index does not say so" in note.what for note in verdict.notes)
    else:
        assert not verdict.ok


def test_a_ledger_without_its_index_is_found() -> None:
    files = ledger_of(closed=True)
    verdict = verdict_on({name: files[name] for name in names_of(files)})
    assert [str(problem) for problem in verdict.problems] == ["index: missing: it says which files there must be"]


def test_all_files_of_a_process_that_are_gone_are_missed() -> None:
    files = ledger_of(closed=True)
    chain = names_of(files)[0].partition(".")[0]
    verdict = verdict_on({name: files[name] for name in files if not name.startswith(chain)})
    (problem,) = verdict.problems
    assert str(problem).startswith(f"{chain}.0000.jsonl: missing: ")


def test_a_chain_that_was_cut_out_of_the_index_is_found() -> None:
    files = ledger_of(closed=False)
    cut = lines_of(files[INDEX])[:-1]
    (problem,) = verdict_on({**files, INDEX: b"".join(cut)}).problems
    assert (problem.file, "the index does not know this chain" in problem.what) == (names_of(files)[-1], True)


def test_a_file_that_no_ledger_wrote_is_found() -> None:
    (problem,) = verdict_on({**ledger_of(closed=True), "more.jsonl": b"{}\n"}).problems
    assert str(problem) == "more.jsonl: no ledger wrote a file of this name"


def test_a_torn_last_line_of_a_killed_process_is_a_note_and_a_torn_line_elsewhere_is_not() -> None:
    files = ledger_of(closed=False)
    *others, last = names_of(files)
    torn = verdict_on({**files, last: files[last][:-20]})
    assert torn.ok
    assert [note.line for note in torn.notes] == [len(lines_of(files[last])), None]
    elsewhere = verdict_on({**files, others[-1]: files[others[-1]][:-20]})
    assert [(problem.file, problem.line) for problem in elsewhere.problems] == [
        (others[-1], len(lines_of(files[others[-1]])))
    ]


def test_what_is_wrong_is_said_once_for_each_place() -> None:
    files = ledger_of(closed=True)
    name = names_of(files)[0]
    lines = lines_of(files[name])
    changed = verdict_on({**files, name: b"".join([lines[0], lines[1].replace(b"act", b"ACT"), *lines[2:]])})
    assert [str(problem) for problem in changed.problems] == [
        f"{name}, line 2: changed: its hash does not belong to what it says"
    ]
    missing = verdict_on({**files, name: b"".join([lines[0], *lines[3:]])})
    assert [str(problem) for problem in missing.problems] == [f"{name}, line 2: 2 records are missing before it"]
    again = verdict_on({**files, name: b"".join([*lines[:3], *lines[1:]])})
    assert str(again.problems[0]) == f"{name}, line 4: out of order or repeated: record 1 stands where record 3 belongs"


def test_a_call_without_an_end_is_unknown_and_no_problem(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path)
    for event, call in (("start", "a"), ("refusal", "b"), ("start", "c"), ("end", "a")):
        ledger.append({"event": event, "call_id": call})
    ledger.close()
    verdict = verify(tmp_path / "ledger")
    assert (verdict.ok, verdict.calls, verdict.unknown) == (True, 2, ("c",))


def test_a_call_that_ends_in_another_file_than_it_began_in_is_known(tmp_path: Path) -> None:
    one, other = FileLedger(tmp_path), FileLedger(tmp_path)
    for ledger, calls in ((one, ("a", "b")), (other, ("b", "a"))):
        ledger.append({"event": "start", "call_id": calls[0]})
        ledger.append({"event": "end", "call_id": calls[1]})
    assert verify(tmp_path / "ledger").unknown == ()


def test_an_endless_line_is_no_torn_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sequence", "reading"):
        monkeypatch.setattr(f"toolyard_kernel.ledger.{module}.LONGEST_LINE", 1000)
    ledger = FileLedger(tmp_path)
    ledger.append({"text": "x" * 2000})
    verdict = verify(tmp_path / "ledger")
    assert [problem.line for problem in verdict.problems] == [2, 3, 4]


def test_nothing_recorded_is_fine(tmp_path: Path) -> None:
    assert verify(tmp_path / "none").ok
    FileLedger(tmp_path).open()
    verdict = verify(tmp_path / "ledger")
    assert (verdict.ok, verdict.records) == (True, 1)
    assert re.fullmatch(r".*\.jsonl: not closed: .*", str(verdict.notes[0]))
