"""The data of a conversation is valid at every moment."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.agents.state.provider import complaint
from tests.agents.state.talk import call, contents, turn
from toolyard_agents.errors import StateError
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.state.entries import Entry, UserAdded
from toolyard_agents.state.state import State
from toolyard_agents.state.steps import INTERRUPTED
from toolyard_agents.usage import Usage


def test_a_new_state_is_empty_idle_and_free() -> None:
    state = State()
    assert (state.messages, state.get_messages(), state.pending()) == ((), [], ())
    assert (state.status, state.run_count, state.run_id, state.cost) == ("idle", 0, None, 0.0)
    assert set(state.usage) == {"input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "total_tokens"}
    assert state.estimate_tokens() == 0
    assert state.session_id != State().session_id


def test_answers_that_come_in_any_order_stand_in_the_order_of_their_calls() -> None:
    state = State()
    state.add_user_message("go")
    state.add_assistant_message("looking", [call("a"), call("b"), call("c")])
    state.add_tool_result("c", "third")
    state.add_tool_result("a", "first")
    assert [request.id for request in state.pending()] == ["b"]
    assert [message.content for message in state.messages] == ["go", "looking", "first", "third"]
    assert contents(state) == ["go", "looking", "first", INTERRUPTED, "third"]
    state.add_tool_result("b", "second")
    assert contents(state) == ["go", "looking", "first", "second", "third"]
    assert list(state.messages) == state.get_messages()


@pytest.mark.parametrize("content", ["", "and?"])
def test_a_call_that_is_not_answered_says_that_its_outcome_is_unknown(content: str) -> None:
    state = State()
    state.add_user_message("go")
    state.add_assistant_message("", [call("a")])
    assert complaint(state.get_messages()) is None
    assert contents(state)[-1] == INTERRUPTED
    assert state.messages[-1].tool_calls, "it may still be answered for real"
    state.add_user_message(content or "and now?")
    assert complaint(state.get_messages()) is None
    assert [message.role for message in state.messages] == ["user", "assistant", "tool", "user"]
    with pytest.raises(StateError, match="'a' has its answer"):
        state.add_tool_result("a", "late")


def test_a_result_for_an_unknown_or_an_answered_call_is_an_error_that_names_it() -> None:
    state = State()
    with pytest.raises(StateError, match=r"'x'.*none waits"):
        state.add_tool_result("x", "?")
    turn(state, "p", "found")
    state.add_assistant_message("", [call("open")])
    for id, message in (("x", "'x'.*'open' waits"), ("p-0", "'p-0' has its answer")):
        with pytest.raises(StateError, match=message):
            state.add_tool_result(id, "?")
    before = state.entries
    state.add_tool_result("open", "once")
    with pytest.raises(StateError, match="'open' has its answer"):
        state.add_tool_result("open", "twice")
    assert len(state.entries) == len(before) + 1


def test_an_id_that_a_provider_uses_again_belongs_to_the_last_message() -> None:
    state = State()
    for result in ("one", "two"):
        state.add_assistant_message("", [call("call_0")])
        state.add_tool_result("call_0", result)
    assert [message.content for message in state.messages if message.role == "tool"] == ["one", "two"]


@pytest.mark.parametrize("ids", [["a", "a"], [""]])
def test_calls_that_cannot_be_told_apart_are_refused(ids: list[str]) -> None:
    state = State()
    with pytest.raises(StateError, match="each needs one of its own"):
        state.add_assistant_message("", [call(id) for id in ids])
    assert state.messages == ()


def test_a_partial_answer_is_kept_and_an_empty_one_is_not_sent() -> None:
    state = State()
    state.add_user_message("go")
    state.add_assistant_message("I was ab")
    state.add_user_message("go on")
    state.add_assistant_message("")
    assert [message.content for message in state.messages] == ["go", "I was ab", "go on", ""]
    assert contents(state) == ["go", "I was ab", "go on"]


def test_usage_is_summed_and_a_copy() -> None:
    state = State()
    state.update_usage(Usage(input_tokens=10, output_tokens=5, cached_tokens=4, reasoning_tokens=2, cost=0.5))
    state.update_usage(input=1, output=2, cached=3, reasoning=4, cost=0.25)
    state.usage["input_tokens"] = 0
    assert state.usage == {
        "input_tokens": 11,
        "output_tokens": 7,
        "cached_tokens": 7,
        "reasoning_tokens": 6,
        "total_tokens": 18,
    }
    assert state.cost == 0.75


def test_an_unknown_cost_stays_unknown() -> None:
    state = State()
    state.update_usage(input=100, output=50)
    state.update_usage(input=100, output=50, cost=1.0)
    assert state.cost is None


@pytest.mark.parametrize(
    "wrong",
    [{"input": -1}, {"output": 1.5}, {"cached": True}, {"reasoning": "1"}, {"cost": -0.1}, {"cost": float("nan")}],
)
def test_a_usage_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    state = State()
    with pytest.raises(StateError, match="is no co"):
        state.update_usage(**wrong)
    assert state.cost == 0.0
    assert len(state.entries) == 1


@pytest.mark.parametrize("tokens", [-1, 1.5, True])
def test_a_compaction_whose_numbers_are_none_is_refused(tokens: Any) -> None:
    state = State()
    turn(state, "one")
    with pytest.raises(StateError, match="is no count"):
        state.replace_with_summary("S", tokens, 0)
    with pytest.raises(StateError, match="is no count"):
        state.replace_with_summary("S", 0, 0, replaced=[tokens])
    assert contents(state) == ["one", "done"]


def test_a_call_whose_arguments_are_no_text_is_refused() -> None:
    wrong: Any = {"path": "."}
    with pytest.raises(StateError, match="arguments of a call is text, not dict"):
        State().add_assistant_message("", [ToolRequest(id="a", name="look", arguments=wrong)])


def test_a_run_needs_an_id() -> None:
    state = State()
    with pytest.raises(StateError, match="needs an id"):
        state.begin_run("")
    assert state.status == "idle"


def test_runs_are_counted_when_they_end() -> None:
    state = State()
    state.begin_run("r1")
    assert (state.status, state.run_id, state.run_count) == ("running", "r1", 0)
    with pytest.raises(StateError, match="'r1' is under way"):
        state.begin_run("r2")
    state.end_run("cancelled")
    assert (state.status, state.run_id, state.run_count) == ("cancelled", None, 1)
    with pytest.raises(StateError, match="no run is under way"):
        state.end_run("completed")
    state.begin_run("r3")
    with pytest.raises(StateError, match="'done'"):
        state.end_run("done")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - what a caller may do
    assert [entry.run_id for entry in state.entries] == [None, "r1", "r1", "r3"]


def test_only_an_interrupted_run_leaves_calls_that_can_be_answered() -> None:
    state = State()
    state.begin_run("r1")
    state.add_user_message("go")
    state.add_assistant_message("", [call("a"), call("b")])
    state.end_run("interrupted")
    assert (state.status, state.run_count) == ("interrupted", 0)
    assert [request.id for request in state.pending()] == ["a", "b"]
    state.begin_run("r2")
    state.add_tool_result("b", "approved")
    state.end_run("error")
    assert (state.pending(), state.run_count) == ((), 1)
    assert [message.content for message in state.messages[2:]] == [INTERRUPTED, "approved"]


def test_a_summary_stands_for_what_it_replaced_and_the_whole_stays_readable() -> None:
    state = State()
    turn(state, "one", "found")
    before = state.estimate_tokens()
    state.replace_with_summary("all of one", before, 10)
    (summary,) = state.get_messages()
    assert summary.role == "user"
    assert "all of one" in summary.content
    assert [message.content for message in state.messages] == ["one", "", "found", "done"]
    state.add_user_message("two")
    assert contents(state)[1:] == ["two"]


def test_a_summary_leaves_the_open_task_alone() -> None:
    state = State()
    turn(state, "one")
    turn(state, "two", "found", answer=None)
    state.add_assistant_message("", [call("open")])
    state.replace_with_summary("SUMMARY", 0, 0)
    assert [call.id for call in state.pending()] == ["open"]
    state.add_tool_result("open", "answered")
    assert contents(state)[1:] == ["two", "", "found", "", "answered"]
    assert "SUMMARY" in contents(state)[0]


def test_what_came_while_a_summary_was_made_is_not_replaced() -> None:
    state = State()
    turn(state, "one")
    replaced = (0, 1)
    state.add_user_message("two")
    state.replace_with_summary("S", 0, 0, replaced=replaced)
    assert contents(state)[1:] == ["two"]


@pytest.mark.parametrize("replaced", [(2,), (0, 9), (1, 0), (0, 0)])
def test_steps_that_are_not_there_cannot_be_replaced(replaced: tuple[int, ...]) -> None:
    state = State()
    turn(state, "one")
    with pytest.raises(StateError, match="no steps to replace"):
        state.replace_with_summary("S", 0, 0, replaced=replaced)
    assert contents(state) == ["one", "done"]


def test_a_step_that_waits_for_answers_cannot_be_replaced() -> None:
    state = State()
    state.add_assistant_message("", [call("a")])
    with pytest.raises(StateError, match="wait for their answers"):
        state.replace_with_summary("S", 0, 0, replaced=(0,))


def test_observers_are_told_after_each_change_and_cannot_break_it(caplog: pytest.LogCaptureFixture) -> None:
    state = State()
    seen: list[tuple[Entry, int]] = []

    def broken(entry: Entry) -> None:
        raise RuntimeError("the observer is down")

    def watch(entry: Entry) -> None:
        seen.append((entry, len(state.messages)))
        state.remove_observer(watch)

    state.add_observer(broken)
    state.add_observer(watch)
    with caplog.at_level(logging.ERROR, "toolyard"):
        state.add_user_message("one")
    state.remove_observer(broken)
    state.remove_observer(broken)
    state.add_user_message("two")
    assert [(entry.change, count) for entry, count in seen] == [(UserAdded("one"), 1)]
    assert "an observer of session" in caplog.text
    assert [message.content for message in state.messages] == ["one", "two"]


def test_the_messages_cannot_be_changed_from_outside() -> None:
    state = State()
    state.add_user_message("one")
    state.get_messages().clear()
    assert isinstance(state.messages, tuple)
    assert state.get_messages() == [Message(role="user", content="one")]


@pytest.mark.parametrize("wrong", [None, 5, {"text": "x"}])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    state = State()
    with pytest.raises(StateError, match=f"is text, not {type(wrong).__name__}"):
        state.add_user_message(wrong)


class Full:
    """A sink that refuses everything."""

    def write(self, entry: Entry) -> None:
        raise OSError("the disk is full")


def test_what_cannot_be_recorded_does_not_happen() -> None:
    state = State()
    seen: list[Entry] = []
    state.add_observer(seen.append)
    state.record_to(Full())
    with pytest.raises(OSError, match="disk is full"):
        state.add_user_message("x")
    with pytest.raises(OSError, match="disk is full"):
        state.begin_run("r")
    assert (state.messages, state.status, seen, len(state.entries)) == ((), "idle", [], 1)


def test_the_end_of_a_run_holds_even_when_it_cannot_be_recorded(caplog: pytest.LogCaptureFixture) -> None:
    state = State()
    state.begin_run("r1")
    state.record_to(Full())
    with caplog.at_level(logging.ERROR, "toolyard"):
        state.end_run("cancelled")
    assert (state.status, state.run_id) == ("cancelled", None)
    assert "the end of run r1 could not be recorded" in caplog.text
