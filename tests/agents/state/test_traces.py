"""A trace tells its state exactly, whatever happened to its end."""

from __future__ import annotations

import json
import os
import resource
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.state.talk import call, turn
from toolyard_agents.errors import StateError, TraceError, Unrecorded
from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.entries import AssistantAdded, UserAdded
from toolyard_agents.state.journal import open_journal
from toolyard_agents.state.lines import from_line, to_line
from toolyard_agents.state.state import State
from toolyard_agents.usage import Usage

TEXTS = st.text(st.characters(codec=None))


def talk() -> State:
    """A state with every kind of entry, at rest."""
    state = State()
    state.begin_run("r1")
    turn(state, "one", "found")
    state.update_usage(Usage(input_tokens=3, output_tokens=4, cached_tokens=2, reasoning_tokens=1, cost=0.125))
    state.end_run("completed")
    state.replace_with_summary("summary", 100, 10)
    state.begin_run("r2")
    state.add_user_message("two")
    state.add_assistant_message("", [call("a"), call("b")])
    state.add_tool_result("b", "second")
    state.end_run("interrupted")
    return state


def assert_same(one: State, other: State) -> None:
    assert one.entries == other.entries
    assert one.session_id == other.session_id
    assert (one.messages, one.steps, one.pending()) == (other.messages, other.steps, other.pending())
    assert (one.usage, one.cost, one.estimate_tokens()) == (other.usage, other.cost, other.estimate_tokens())
    assert (one.status, one.run_id, one.run_count) == (other.status, other.run_id, other.run_count)


def test_a_trace_restores_its_state_and_the_state_goes_on(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(path)
    back = State.from_jsonl(path)
    assert_same(back, state)
    back.add_tool_result("a", "first")
    assert [message.content for message in back.get_messages()[-2:]] == ["first", "second"]


def test_a_second_writing_appends_only_what_is_new(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(str(path))
    first = path.read_bytes()
    state.to_jsonl(path)
    assert path.read_bytes() == first
    state.add_user_message("more")
    state.to_jsonl(path)
    assert path.read_bytes().startswith(first)
    assert path.read_bytes().count(b"\n") == len(state.entries)


def test_every_line_says_its_version_its_number_and_its_run(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert {line["v"] for line in lines} == {1}
    assert lines[0]["session_id"] == state.session_id
    assert {line["run_id"] for line in lines} == {None, "r1", "r2"}


def test_a_trace_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        State().to_jsonl(tmp_path / "trace.jsonl")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "trace.jsonl").stat().st_mode) == 0o600


def test_the_trace_of_another_session_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    talk().to_jsonl(path)
    before = path.read_bytes()
    with pytest.raises(TraceError, match=r"trace\.jsonl is the trace of another session"):
        State().to_jsonl(path)
    assert path.read_bytes() == before


def test_a_trace_that_has_gone_on_without_the_state_is_left_alone(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(path)
    other = State.from_jsonl(path)
    other.add_user_message("there")
    other.to_jsonl(path)
    before = path.read_bytes()
    with pytest.raises(TraceError, match="has gone on in another way"):
        state.to_jsonl(path)
    state.add_user_message("here")
    with pytest.raises(TraceError, match="has gone on in another way"):
        state.to_jsonl(path)
    assert path.read_bytes() == before


def test_a_file_that_is_cut_at_any_byte_restores_what_was_whole_and_can_be_gone_on_with(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", State("s")
    state.begin_run("r")
    state.add_assistant_message("é", [call("a")])
    state.to_jsonl(path)
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        back = State.from_jsonl(path)
        complete = whole[:cut].count(b"\n") + (whole[cut : cut + 1] == b"\n")
        assert back.entries == state.entries[:complete]
        back.add_user_message("after")
        back.to_jsonl(path)
        assert_same(State.from_jsonl(path), back)
        path.write_bytes(whole[:cut])
        state.to_jsonl(path)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("torn", [b'{"type": "mess', b"\0" * 512, b"\xff\xfe", b"[" * 5000, b"{}", b'"'])
def test_a_torn_last_line_is_no_part_of_the_trace(tmp_path: Path, torn: bytes) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(path)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert_same(State.from_jsonl(path), state)
    state.to_jsonl(path)
    assert path.read_bytes() == whole


def line(type: str, **fields: object) -> str:
    """The second line of a trace."""
    return json.dumps({"type": type, "v": 1, "seq": 1, "time": 0, "run_id": None, **fields})


COUNTS = {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "reasoning_tokens": 0}
TOKENS = {"tokens_before": 0, "tokens_after": 0}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("5", "no entry"),
        (line("user"), "known type with its own fields: 'user'"),
        (line("user", content=5), "'user'"),
        (line("user", content="x", mood="good"), "'user'"),
        (line("user", content="x", v=2), "version 2, and only version 1"),
        (line("user", content="x", seq=7), "entry 7, and 1 is expected"),
        (line("user", content="x", run_id=7), "no entry"),
        (line("session", session_id="x"), "begins with its session, once"),
        (line("end", status=["x"]), "'end'"),
        (line("assistant", content="", tool_calls=[{"id": 1}]), "tool calls"),
        (line("usage", **{**COUNTS, "input_tokens": -1}, cost=None), "instead of -1"),
        (line("usage", **COUNTS, cost="free"), "its usage"),
        (line("compaction", summary="", replaced=[True], **TOKENS), "instead of True"),
        (line("compaction"), "its compaction"),
    ],
)
def test_a_damaged_line_is_named_and_nothing_is_written_after_it(tmp_path: Path, damage: str, reason: str) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    state.to_jsonl(path)
    first, _, *rest = path.read_text().splitlines()
    path.write_text("\n".join([first, damage, *rest]) + "\n")
    damaged = path.read_bytes()
    for use in (lambda: State.from_jsonl(path), lambda: state.to_jsonl(path)):
        with pytest.raises(TraceError, match=r"trace\.jsonl, line 2,.*" + reason):
            use()
    assert path.read_bytes() == damaged


def test_a_line_that_does_not_follow_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    State().to_jsonl(path)
    with path.open("a") as file:
        file.write('{"type":"tool","v":1,"seq":1,"time":0,"run_id":null,"tool_call_id":"ghost","content":"x"}\n')
    with pytest.raises(TraceError, match=r"trace\.jsonl is damaged: line 2 .*'ghost'"):
        State.from_jsonl(path)


@pytest.mark.parametrize("content", ["", '{"type": "sess'])
def test_a_trace_without_a_whole_entry_has_no_state(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(content)
    with pytest.raises(TraceError, match=r"trace\.jsonl holds no whole entry"):
        State.from_jsonl(path)
    with pytest.raises(FileNotFoundError):
        State.from_jsonl(tmp_path / "missing.jsonl")


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_survives(content: str, id: str, name: str, arguments: str) -> None:
    state = State()
    state.add_user_message(content)
    state.add_assistant_message(content, [ToolRequest(id=f"i{id}", name=name, arguments=arguments)])
    state.add_tool_result(state.pending()[0].id, content)
    lines = [to_line(entry) for entry in state.entries]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)
    assert tuple(map(from_line, lines)) == state.entries


def test_halves_of_a_surrogate_pair_that_meet_are_one_character() -> None:
    state = State()
    state.add_user_message("\ud83d\udee0 \ud83d")
    (entry,) = state.entries[1:]
    assert entry.change == UserAdded("🛠 \ud83d")
    assert from_line(to_line(entry)) == entry


def test_a_journal_keeps_a_trace_current(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    with open_journal(path, state.entries, sync=True) as journal:
        state.record_to(journal)
        state.add_user_message("now")
        assert_same(State.from_jsonl(path), state)
        state.begin_run("r9")
        assert_same(State.from_jsonl(path), state)
    with pytest.raises(Unrecorded):
        state.add_user_message("after it was closed")
    assert_same(State.from_jsonl(path), state)


def test_an_entry_that_fits_in_part_is_taken_back_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path, state = tmp_path / "trace.jsonl", talk()
    with open_journal(path, state.entries) as journal:
        state.record_to(journal)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size + 100, hard))
        try:
            with pytest.raises(Unrecorded, match=r"trace\.jsonl cannot be written: only a part"):
                state.add_user_message("x" * 200)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert_same(State.from_jsonl(path), state)
        state.add_user_message("small")
    assert_same(State.from_jsonl(path), state)
    assert state.messages[-1].content == "small"


def test_entries_cannot_be_replayed_out_of_their_order() -> None:
    entries = [entry for entry in talk().entries if not isinstance(entry.change, AssistantAdded)]
    with pytest.raises(StateError, match=r"line \d+ does not follow"):
        State(entries=entries)
