"""Sessions in a folder: private, found by ids that lead nowhere else, and listed whatever lies beside them."""

from __future__ import annotations

import gc
import json
import os
import resource
import stat
from pathlib import Path

import pytest

from tests.agents.state.talk import call, turn
from toolyard_agents.errors import SessionBusy, TraceError, Unrecorded
from toolyard_agents.state.state import State
from toolyard_agents.store.files import SessionFiles
from toolyard_kernel.errors import UnknownName


def store(tmp_path: Path) -> SessionFiles:
    return SessionFiles(tmp_path / "config" / "sessions")


def created(files: SessionFiles) -> State:
    return files.create(model="gpt-5-mini", profile="readonly")


def resumed(files: SessionFiles, session_id: str) -> State:
    return files.resume(session_id, model="gpt-5-mini", profile="readonly")


def run(state: State, prompt: str, *rounds: str) -> None:
    state.begin_run(f"run of {prompt}")
    turn(state, prompt, *rounds)
    state.end_run("completed")


def open_descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough


def test_a_session_goes_on_where_it_was(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    run(state, "one", "found")
    back = resumed(store(tmp_path), state.session_id)
    assert back.entries == state.entries
    run(back, "two")
    again = resumed(files, state.session_id)
    assert [message.content for message in again.messages if message.role == "user"] == ["one", "two"]
    assert again.run_count == 2


def test_every_change_is_in_the_file_before_it_holds(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    trace = files.root / state.session_id / "state.jsonl"

    def compare(entry: object) -> None:
        assert State.from_jsonl(trace).entries == state.entries
        seen.append(entry)

    seen: list[object] = []
    state.add_observer(compare)
    state.add_user_message("outside of a run")
    run(state, "one", "found")
    assert len(seen) == len(state.entries) - 1


def test_folders_and_files_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = created(store(tmp_path))
        run(state, "one")
        resumed(store(tmp_path), state.session_id)
    finally:
        os.umask(before)
    for path in (tmp_path / "config").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o700


def test_a_list_has_the_newest_session_first(tmp_path: Path) -> None:
    files = store(tmp_path)
    assert files.list() == []
    assert files.latest() is None
    assert not files.root.exists()
    first, second = created(files), created(files)
    run(first, "an answer", "found")
    second.begin_run("r")
    second.add_user_message("a \ud800 prompt")
    newest, oldest = files.list()
    assert (newest.id, newest.status, newest.first_prompt) == (second.session_id, "running", "a \ud800 prompt")
    assert (oldest.id, oldest.status, oldest.first_prompt) == (first.session_id, "completed", "an answer")
    assert (oldest.model, oldest.profile) == ("gpt-5-mini", "readonly")
    assert newest.created_at > oldest.created_at
    assert newest.created_at.tzinfo is not None
    assert files.latest() == second.session_id


def test_a_session_without_a_run_is_idle(tmp_path: Path) -> None:
    files = store(tmp_path)
    created(files)
    (info,) = files.list()
    assert (info.status, info.first_prompt) == ("idle", "")


def test_a_list_reads_only_the_ends_of_a_long_trace(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    state.begin_run("r")
    state.add_assistant_message("a" * 100_000)
    state.add_user_message("first " + "b" * 100_000)
    state.end_run("cancelled")
    state.add_assistant_message('\n{"type":"end","v":1' * 20_000)
    (info,) = files.list()
    assert (info.status, info.first_prompt[:7]) == ("cancelled", "first b")


def test_resuming_tells_the_list_which_agent_has_it_now(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    made = files.list()[0].created_at
    files.resume(state.session_id, model="gpt-6", profile="developer")
    (info,) = files.list()
    assert (info.model, info.profile, info.created_at) == ("gpt-6", "developer", made)


@pytest.mark.parametrize(
    "bad",
    [
        "..",
        ".",
        "",
        "../outside",
        "inner/../../outside",
        "/nowhere/at/all",
        "a/b",
        "a\\b",
        "a\0b",
        "a\n",
        "~",
        "-rf",
        "é",
        "x" * 200,
        ".hidden",
        "no-such-session",
    ],
)
def test_an_id_that_is_none_is_refused_before_the_disk_is_touched(tmp_path: Path, bad: str) -> None:
    outside = SessionFiles(tmp_path / "config")
    state = created(outside)
    (tmp_path / "config" / state.session_id).rename(tmp_path / "config" / "outside")
    before = sorted(tmp_path.rglob("*"))
    files = store(tmp_path)
    for use in (lambda: resumed(files, bad), lambda: files.delete(bad)):
        with pytest.raises(UnknownName, match="session"):
            use()
    assert sorted(tmp_path.rglob("*")) == before


def test_links_lead_to_no_session(tmp_path: Path) -> None:
    other = SessionFiles(tmp_path / "other")
    victim = created(other)
    run(victim, "secret")
    folder = other.root / victim.session_id
    files = store(tmp_path)
    mine = created(files)
    (files.root / victim.session_id).symlink_to(folder)
    for use in (lambda: resumed(files, victim.session_id), lambda: files.delete(victim.session_id)):
        with pytest.raises(UnknownName):
            use()
    for name in ("state.jsonl", "about.json", "lock"):
        copy = files.root / f"copy-{name}"
        copy.mkdir()
        for other_name in ("state.jsonl", "about.json", "lock"):
            (copy / other_name).write_bytes((folder / other_name).read_bytes())
        (copy / name).unlink()
        (copy / name).symlink_to(folder / name)
        with pytest.raises(OSError, match=r"Too many levels|symbolic"):
            resumed(files, copy.name)
    assert not any(info.first_prompt == "secret" for info in files.list() if info.id != "copy-lock")
    assert mine.session_id in {info.id for info in files.list()}
    assert State.from_jsonl(folder / "state.jsonl").entries == victim.entries


def test_a_list_goes_past_whatever_else_lies_there(tmp_path: Path) -> None:
    files = store(tmp_path)
    good = created(files)
    run(good, "good")
    (files.root / "note.txt").write_text("a file")
    (files.root / "half-made").mkdir()
    (files.root / "dangling").symlink_to("nowhere")
    os.mkfifo(files.root / "pipe")
    for name, about in {
        "no-json": "{",
        "no-object": "[]",
        "wrong": '{"created_at": "now", "model": 1, "profile": "x"}',
        "never": '{"created_at": 1e300, "model": "m", "profile": "x"}',
        "nan": '{"created_at": NaN, "model": "m", "profile": "x"}',
        "deep": "[" * 60_000,
    }.items():
        (files.root / name).mkdir()
        (files.root / name / "about.json").write_text(about)
        (files.root / name / "state.jsonl").write_bytes((files.root / good.session_id / "state.jsonl").read_bytes())
    fifo = files.root / "fifo"
    fifo.mkdir()
    os.mkfifo(fifo / "about.json")
    before = open_descriptors()
    assert [info.id for info in files.list()] == [good.session_id]
    assert files.latest() == good.session_id
    assert open_descriptors() == before


@pytest.mark.parametrize("name", ["state.jsonl", "about.json", "lock"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    files = store(tmp_path)
    state = created(files)
    run(state, "one")
    path = files.root / state.session_id / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match=f"{name} is no file"):
        resumed(files, state.session_id)


def test_damage_does_not_hide_a_session_but_it_cannot_go_on(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    run(state, "one")
    trace = files.root / state.session_id / "state.jsonl"
    lines = trace.read_bytes().splitlines(keepends=True)
    trace.write_bytes(b"".join([*lines[:3], b"garbage\n", *lines[4:]]))
    before = trace.read_bytes()
    (info,) = files.list()
    assert info.first_prompt == "one"
    with pytest.raises(TraceError, match=r"state\.jsonl, line 4"):
        resumed(files, state.session_id)
    assert trace.read_bytes() == before


def test_the_trace_of_another_session_is_not_gone_on_with(tmp_path: Path) -> None:
    files = store(tmp_path)
    one, two = created(files), created(files)
    trace = files.root / one.session_id / "state.jsonl"
    trace.write_bytes((files.root / two.session_id / "state.jsonl").read_bytes())
    with pytest.raises(TraceError, match="trace of another session"):
        resumed(files, one.session_id)


def test_a_torn_line_is_mended_by_resuming(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    run(state, "one")
    trace = files.root / state.session_id / "state.jsonl"
    with trace.open("a") as file:
        file.write('{"type":"us')
    back = resumed(files, state.session_id)
    run(back, "two")
    assert State.from_jsonl(trace).entries == back.entries


def test_nothing_is_open_between_runs(tmp_path: Path) -> None:
    files = store(tmp_path)
    before = open_descriptors()
    states = [created(files) for _ in range(20)]
    for n in range(20):
        run(states[n], "one", "found")
        states[n].add_user_message("more")
    assert open_descriptors() == before
    states[0].begin_run("r")
    assert open_descriptors() == before + 2
    states.clear()  # nobody closed it
    assert open_descriptors() == before


def test_a_session_runs_once_at_a_time(tmp_path: Path) -> None:
    files = store(tmp_path)
    one = created(files)
    other = resumed(files, one.session_id)
    one.begin_run("r1")
    for use in (
        lambda: resumed(files, one.session_id),
        lambda: other.begin_run("r2"),
        lambda: other.add_user_message("x"),
        lambda: files.delete(one.session_id),
    ):
        with pytest.raises(SessionBusy, match=rf"{one.session_id}.*process {os.getpid()};"):
            use()
    assert (other.status, other.messages) == ("idle", ())
    one.add_user_message("one")
    one.end_run("completed")
    with pytest.raises(Unrecorded, match="has gone on elsewhere since; resume it again"):
        other.begin_run("r2")
    again = resumed(files, one.session_id)
    again.begin_run("r3")
    with pytest.raises(SessionBusy):
        one.begin_run("r4")
    again.end_run("completed")
    assert again.run_count == 2


def test_an_interrupted_run_can_be_resumed_by_another_process_s_state(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    state.begin_run("r1")
    state.add_user_message("go")
    state.add_assistant_message("", [call("a"), call("b")])
    state.add_tool_result("b", "second")
    state.end_run("interrupted")
    back = resumed(files, state.session_id)
    assert (back.status, [request.id for request in back.pending()]) == ("interrupted", ["a"])
    back.begin_run("r2")
    back.add_tool_result("a", "first")
    back.end_run("completed")
    assert [message.content for message in back.messages[2:]] == ["first", "second"]


def test_the_end_of_a_run_that_could_not_be_written_is_written_with_the_next_change(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    run(state, "one")
    state.begin_run("r2")
    trace = files.root / state.session_id / "state.jsonl"
    full(trace, state)
    assert (state.status, state.run_id) == ("cancelled", None)
    assert State.from_jsonl(trace).status == "running"
    run(state, "two")
    assert State.from_jsonl(trace).entries == state.entries


def full(trace: Path, state: State) -> None:
    """End the run while the disk takes no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (trace.stat().st_size + 10, hard))
    try:
        with pytest.raises(Unrecorded):
            state.add_user_message("lost")
        state.end_run("cancelled")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_deleted_session_is_gone_and_takes_no_more(tmp_path: Path) -> None:
    files = store(tmp_path)
    one, two = created(files), created(files)
    files.delete(one.session_id)
    assert [info.id for info in files.list()] == [two.session_id]
    for use in (lambda: resumed(files, one.session_id), lambda: one.add_user_message("x")):
        with pytest.raises(UnknownName, match=one.session_id):
            use()


def test_what_a_store_says_of_a_session_is_json(tmp_path: Path) -> None:
    files = store(tmp_path)
    state = created(files)
    about = json.loads((files.root / state.session_id / "about.json").read_text())
    assert set(about) == {"created_at", "model", "profile", "agent"}
