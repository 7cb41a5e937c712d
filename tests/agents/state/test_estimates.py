"""Estimates are cheap, grow with what is said, and are rather too high."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.state.talk import call
from toolyard_agents.messages import Message
from toolyard_agents.state.estimates import message_tokens, text_tokens
from toolyard_agents.state.state import State

TEXTS = st.text(st.characters(codec=None), max_size=40)


@pytest.mark.parametrize(
    ("text", "per_character"),
    [
        ("The quick brown fox jumps over the lazy dog.", 1 / 4),
        ("def add(left: int, right: int) -> int:\n    return left + right\n", 1 / 4),
        ("Съешь же ещё этих мягких французских булок", 1 / 2),
        ("你好世界。今天天气很好。我们去公园散步吧。", 1),
        ("こんにちは世界。今日はいい天気ですね。", 1),
        ("안녕하세요세계", 1),
        ("🧭🛠🪚", 2),
    ],
)
def test_a_text_counts_at_least_what_its_script_takes(text: str, per_character: float) -> None:
    assert len(text) * per_character <= text_tokens(text) <= 2 * len(text)


def test_nothing_is_no_token_and_anything_is_one() -> None:
    assert (text_tokens(""), text_tokens("a"), text_tokens("\ud800")) == (0, 1, 2)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_longer_text_is_never_less(one: str, two: str) -> None:
    assert max(text_tokens(one), text_tokens(two)) <= text_tokens(one + two) <= text_tokens(one) + text_tokens(two)


def test_calls_and_their_answers_count() -> None:
    plain = Message(role="assistant", content="x")
    calling = Message(role="assistant", content="x", tool_calls=(call("a", '{"path": "' + "p" * 400 + '"}'),))
    assert message_tokens(calling) > message_tokens(plain) + 100
    assert message_tokens(Message(role="tool", content="x", tool_call_id="a" * 40)) > message_tokens(plain)


def test_an_estimate_grows_with_every_message_and_shrinks_with_a_summary() -> None:
    state = State()
    sizes = [state.estimate_tokens()]
    state.add_user_message("go")
    sizes.append(state.estimate_tokens())
    state.add_assistant_message("", [call("a"), call("b")])
    sizes.append(state.estimate_tokens())
    for id in "ba":
        state.add_tool_result(id, "")
        sizes.append(state.estimate_tokens())
    state.add_assistant_message("done " * 200)
    sizes.append(state.estimate_tokens())
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == sum(map(message_tokens, state.get_messages()))
    state.replace_with_summary("short", sizes[-1], 0)
    assert 0 < state.estimate_tokens() == sum(map(message_tokens, state.get_messages())) < sizes[-1]
