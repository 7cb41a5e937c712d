"""Room is made without losing the open task, or splitting a call from its answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.state.provider import complaint
from tests.agents.state.talk import call, contents, turn
from toolyard_agents.state.compaction import (
    CompactionPlan,
    dropped_note,
    plan_compaction,
    plan_dropping,
    summary_request,
    tokens_after,
    transcript,
)
from toolyard_agents.state.estimates import text_tokens
from toolyard_agents.state.state import State

LONG = "word " * 400


def prompts(state: State) -> list[str]:
    return [step.message.content for step in state.steps if step.is_prompt]


def carry_out(state: State, plan: CompactionPlan, summary: str) -> None:
    """Replace, and see that the numbers were told right."""
    before = state.estimate_tokens()
    after = tokens_after(before, plan, summary)
    state.replace_with_summary(summary, before, after, replaced=plan.replaced)
    assert state.estimate_tokens() == after
    assert complaint(state.get_messages()) is None


def planned(plan: CompactionPlan | None) -> CompactionPlan:
    assert plan is not None
    return plan


def test_at_rest_everything_gives_way() -> None:
    state = State()
    turn(state, "one", LONG)
    turn(state, "two")
    plan = planned(plan_compaction(state.steps))
    assert plan.replaced == tuple(range(len(state.steps)))
    carry_out(state, plan, "S")
    assert prompts(state) == []
    assert len(state.get_messages()) == 1


def test_a_new_prompt_stays_word_for_word() -> None:
    state = State()
    turn(state, "one", LONG)
    state.add_user_message("two")
    carry_out(state, planned(plan_compaction(state.steps)), "S")
    assert contents(state)[1:] == ["two"]


def test_the_open_task_stays_with_all_its_rounds() -> None:
    state = State()
    turn(state, "one", LONG)
    turn(state, "two", "found", "more", answer=None)
    plan = planned(plan_compaction(state.steps))
    assert "two" not in transcript(plan.steps)
    carry_out(state, plan, "S")
    assert contents(state)[1:] == ["two", "", "found", "", "more"]


def test_an_open_task_that_is_too_long_itself_keeps_its_prompt_and_its_last_rounds() -> None:
    state = State()
    turn(state, "one")
    turn(state, "two", *[LONG] * 9, "newest", answer=None)
    assert planned(plan_compaction(state.steps)).replaced == (0, 1)
    carry_out(state, planned(plan_compaction(state.steps, room=1500)), "S")
    kept = contents(state)
    assert (kept[0], kept[-1]) == ("two", "newest")
    assert "S" in kept[1]
    assert kept.count(LONG) == 2
    assert state.estimate_tokens() <= 1500


@pytest.mark.parametrize("room", [0, 10, 10_000])
def test_the_last_step_stays_however_little_room_there_is(room: int) -> None:
    state = State()
    turn(state, "one", LONG, LONG, answer=None)
    state.add_assistant_message("", [call("open")])
    if plan := plan_compaction(state.steps, room=room):
        carry_out(state, plan, "S")
    assert prompts(state) == ["one"]
    assert [request.id for request in state.pending()] == ["open"]
    state.add_tool_result("open", "answered")
    assert contents(state)[-1] == "answered"


def test_nothing_gives_way_when_nothing_can_be_gained() -> None:
    state = State()
    assert plan_compaction(state.steps) is None
    state.add_user_message("one")
    assert plan_compaction(state.steps, room=0) is None
    turn(state, "two")
    carry_out(state, planned(plan_compaction(state.steps)), "S")
    assert plan_compaction(state.steps) is None, "a summary alone is not summarised again"
    state.add_user_message("three")
    assert plan_compaction(state.steps) is None


def test_an_earlier_summary_goes_into_the_next_one() -> None:
    state = State()
    turn(state, "one")
    carry_out(state, planned(plan_compaction(state.steps)), "FIRST")
    turn(state, "two")
    plan = planned(plan_compaction(state.steps))
    assert "FIRST" in transcript(plan.steps)
    carry_out(state, plan, "SECOND")
    assert len(state.get_messages()) == 1
    assert [message.content for message in state.messages] == ["one", "done", "two", "done"]


def test_without_a_summary_the_oldest_turns_are_dropped_and_the_note_says_so() -> None:
    state = State()
    for prompt in ("first", "second", "third", "last"):
        turn(state, prompt, LONG)
    plan = planned(plan_dropping(state.steps, room=1300))
    carry_out(state, plan, dropped_note(plan))
    assert prompts(state) == ["first", "third", "last"]
    assert "earlier messages were dropped" in contents(state)[1]
    assert contents(state).count(LONG) == 2


def test_dropping_shortens_a_last_turn_that_is_too_long_itself() -> None:
    state = State()
    turn(state, "first", LONG)
    turn(state, "last", *[LONG] * 6, "newest", answer=None)
    carry_out(state, planned(plan_dropping(state.steps, room=1400)), "(dropped)")
    assert prompts(state) == ["first", "last"]
    assert contents(state)[-1] == "newest"
    assert state.estimate_tokens() <= 1400 + text_tokens("(dropped)") + 40


def test_a_conversation_that_fits_drops_nothing() -> None:
    state = State()
    turn(state, "one", "found")
    assert plan_dropping(state.steps, room=10_000) is None


def test_a_summary_is_asked_for_with_everything_that_gives_way() -> None:
    state = State()
    turn(state, "one", "found <b>it</b>")
    state.add_assistant_message("", [call("z", '{"path": "a.txt"}')])
    system, text = summary_request(planned(plan_compaction(state.steps, room=0)))
    assert (system.role, text.role) == ("system", "user")
    assert "material" in system.content
    for part in ("found <b>it</b>", "[call one-0: look]", "done"):
        assert part in text.content
    assert complaint([system, text]) is None


def test_what_is_too_long_to_summarise_loses_its_middle() -> None:
    state = State()
    turn(state, "one", "BEGIN" + "x" * 100_000 + "END")
    plan = planned(plan_compaction(state.steps))
    told = transcript(plan.steps)
    assert len(told) < 6000
    assert all(part in told for part in ("BEGIN", "END", "characters left out"))
    _, text = summary_request(plan, room=200)
    assert text_tokens(text.content) < 300


ROUNDS = st.lists(st.sampled_from(["", "found", LONG]), max_size=3)
TALKS = st.lists(st.tuples(ROUNDS, st.sampled_from(["done", "", None])), max_size=6)


@settings(deadline=None, max_examples=150)
@given(TALKS, st.none() | st.integers(0, 3000), st.integers(0, 3000), st.booleans())
def test_no_plan_loses_the_last_prompt_or_makes_a_history_invalid(
    talks: list[tuple[list[str], str | None]],
    room: int | None,
    left: int,
    drop: bool,  # noqa: FBT001 - hypothesis names it
) -> None:
    state = State()
    for number, (rounds, answer) in enumerate(talks):
        turn(state, f"p{number}", *rounds, answer=answer)
    whole, last = state.messages, state.steps[-1] if state.steps else None
    had = prompts(state)
    plan = plan_dropping(state.steps, room=left) if drop else plan_compaction(state.steps, room=room)
    if plan is None:
        return
    carry_out(state, plan, "S")
    assert state.messages == whole
    at_rest = last is not None and last.message.role == "assistant" and not last.message.tool_calls
    if drop:
        assert prompts(state)[:: max(len(prompts(state)) - 1, 1)] == had[:: max(len(had) - 1, 1)]
    if drop or not at_rest:
        assert state.steps[-1] == last
        assert had[-1:] == prompts(state)[-1:]
