"""The control file, with whatever else is written into it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolyard_agents.control.control_file import LONGEST, Channel, ControlFile
from toolyard_agents.control.naming import SHORTEST, short_ids
from toolyard_agents.control.records import VERBS, Command, Heard, Record, Stands, from_line, to_line
from toolyard_agents.store.files import SessionFiles


def _torn(line: bytes) -> bytes:
    return line[:-3]


texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Command, id=texts, run_id=texts, verb=st.sampled_from(VERBS), text=texts),
    st.builds(Heard, id=texts, done=st.booleans(), text=texts),
    st.builds(Stands, run_id=texts, standing=st.sampled_from(["running", "paused", "waiting"])),
)
junk = st.binary(max_size=40) | st.builds(to_line, records).map(_torn)


def opened(folder: Path) -> tuple[ControlFile, int]:
    """A control file, and a descriptor of it for whoever writes something else."""
    descriptor = os.open(folder / "control.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    return ControlFile(descriptor), os.open(folder / "control.jsonl", os.O_WRONLY | os.O_APPEND)


@given(st.lists(st.tuples(junk, records)))
def test_records_are_read_in_their_order_whatever_stands_between_them(written: list[tuple[bytes, Record]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, other = opened(Path(folder))
        with file:
            read: list[Record] = []
            for noise, record in written:
                os.write(other, noise)
                read += file.new()
                file.append(record)
                read += file.new()
            wanted = [record for _, record in written]
            assert [record for record in read if record in wanted] == wanted
        os.close(other)


@given(records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert from_line(to_line(record)) == record


@given(st.binary() | st.sampled_from([b"[" * 100_000, b'{"type": "command", "id": 1}', b"null"]))
def test_what_is_no_record_is_none(line: bytes) -> None:
    assert from_line(line) is None


def test_a_line_without_an_end_and_a_file_that_shrinks_hold_nothing_up(tmp_path: Path) -> None:
    file, other = opened(tmp_path)
    command = Command(id="1", run_id="r", verb="pause")
    with file:
        os.write(other, b"x" * (2 * LONGEST + 5))
        for _ in range(4):
            assert file.new() == []
        file.append(command)
        assert file.new() == [command]
        os.ftruncate(other, 3)
        assert file.new() == []
        file.append(command)
        assert file.new() == [command]
    os.close(other)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path, mode: int) -> None:
    state = SessionFiles(tmp_path).create(model="m", profile="p")
    channel = Channel(root=tmp_path, session_id=state.session_id)
    path = tmp_path / state.session_id / "control.jsonl"
    channel.open().close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(mode)
    with pytest.raises(PermissionError, match="others may write to it"):
        channel.open()


@given(st.sets(st.text("ab", min_size=1, max_size=12), max_size=12))
def test_short_ids_are_beginnings_that_no_other_id_has(ids: set[str]) -> None:
    short = short_ids(sorted(ids))
    assert set(short) == ids
    for id, beginning in short.items():
        assert id.startswith(beginning)
        assert len(beginning) >= min(SHORTEST, len(id))
        others = [other for other in ids if other != id and other.startswith(beginning)]
        assert not others or beginning == id, "an id that another begins with is named whole"
