"""Answers of the Messages API, over a real socket and through the real client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.models.anthropic_server import (
    answer_of,
    asking,
    begin,
    call,
    delta,
    end,
    event,
    json_piece,
    start,
    stop,
    text,
    text_turn,
    thinking,
)
from tests.agents.models.chat_server import Turn, streams, streams_cut, streams_until_closed
from tests.agents.models.conversations import answer
from toolyard_agents.errors import ModelError, ModelUnavailable
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import ModelRequest, OfferedTool, ReasoningPiece, TextPiece

pytestmark = pytest.mark.anyio


async def test_a_text_is_streamed_with_what_it_used() -> None:
    reply = await answer_of(start(), event("ping"), text(0, "Hel", "lo"), stop(output_tokens=7))
    assert reply.pieces[:2] == (TextPiece("Hel"), TextPiece("lo"))
    assert (reply.text, reply.reason, reply.finished.model) == ("Hello", "stop", "claude-sonnet-4-5-20250929")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert reply.usage.cost == pytest.approx((11 * 3 + 7 * 15) / 1e6)


async def test_what_it_thinks_aloud_is_not_its_answer() -> None:
    reply = await answer_of(start(), thinking(0, "Hm. ", "Ah."), text(1, "4"), stop())
    assert reply.pieces[:3] == (ReasoningPiece("Hm. "), ReasoningPiece("Ah."), TextPiece("4"))


async def test_calls_are_put_together_from_many_pieces() -> None:
    reply = await answer_of(
        start(),
        text(0, "Wait."),
        call(1, "toolu_1", "add", "", '{"a"', ": ", '1, "b": "x', 'y"}'),
        call(2, "toolu_2", "mul", '{"a": 2}'),
        stop("tool_use"),
    )
    assert reply.requests == [
        ToolRequest(id="toolu_1", name="add", arguments='{"a": 1, "b": "xy"}'),
        ToolRequest(id="toolu_2", name="mul", arguments='{"a": 2}'),
    ]
    assert (reply.text, reply.reason) == ("Wait.", "tool_calls")


@pytest.mark.parametrize(
    ("parts", "arguments"),
    [
        pytest.param([call(0, "t", "add")], "{}", id="no arguments"),
        pytest.param([call(0, "t", "add", "{not json")], "{not json", id="malformed"),
        pytest.param([call(0, "t", "add", '{"a": [1,')], '{"a": [1,', id="cut"),
        pytest.param([begin(0, "tool_use", id="t", name="add", input={"a": 1}), end(0)], '{"a": 1}', id="whole"),
        pytest.param(
            [begin(0, "tool_use", id="t", name="add", input={"a": 1}), json_piece(0, '{"a": 1}'), end(0)],
            '{"a": 1}',
            id="whole and in pieces",
        ),
        pytest.param([begin(0, "tool_use", id="t", name="add", input={}), json_piece(0, "{}")], "{}", id="no end"),
    ],
)
async def test_arguments_are_passed_on_as_they_were_written(parts: list[bytes], arguments: str) -> None:
    reply = await answer_of(start(), *parts, stop("tool_use"))
    assert reply.calls == [("add", arguments)]


async def test_every_call_has_an_id_that_the_conversation_does_not_have_yet() -> None:
    messages = (
        Message(role="user", content="go"),
        Message(role="assistant", content="", tool_calls=(ToolRequest(id="old", name="add", arguments="{}"),)),
        Message(role="tool", content="1", tool_call_id="old"),
    )
    calls = [call(i, id, "add") for i, id in enumerate(["old", "same", "same", None, ""])]
    reply = await answer_of(start(), *calls, stop("tool_use"), request=ModelRequest(messages=messages))
    ids = [request.id for request in reply.requests]
    assert len(set(ids)) == 5
    assert "old" not in ids
    assert "" not in ids
    assert ids[1] == "same"


async def test_a_tool_is_called_by_its_own_name() -> None:
    names = ("files_read", "files.read", "files/read", "add")
    tools = tuple(OfferedTool(name=name, description="", parameters={}) for name in names)
    request = ModelRequest(messages=(Message(role="user", content="go"),), tools=tools)
    async with asking(text_turn("ok")) as (model, server):
        await answer(model, request)
        sent = [tool["name"] for tool in server.requests[0].body["tools"]]
        server.turns.append(streams(start(), *[call(i, f"t{i}", name) for i, name in enumerate(sent)], stop()))
        reply = await answer(model, request)
    assert (sent[0], sent[3]) == ("files_read", "add")
    assert len(set(sent)) == 4
    assert all(name.replace("_", "").replace("-", "").isalnum() for name in sent)
    assert [request.name for request in reply.requests] == list(names)


async def test_a_call_of_nothing_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match="names no tool"):
        await answer_of(start(), call(0, "t", None, "{}"), stop("tool_use"))


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([stop("end_turn")], "stop"),
        ([stop("stop_sequence")], "stop"),
        ([stop("pause_turn")], "stop"),
        ([stop("a_later_one")], "stop"),
        ([event("message_stop")], "stop"),
        ([stop("max_tokens")], "length"),
        ([stop("model_context_window_exceeded")], "length"),
        ([stop("refusal")], "content_filter"),
        ([call(0, "t", "add"), stop("tool_use")], "tool_calls"),
        ([call(0, "t", "add"), stop("end_turn")], "tool_calls"),
        ([call(0, "t", "add", '{"a'), stop("max_tokens")], "length"),
    ],
)
async def test_the_reason_of_the_end_is_told(parts: list[bytes], reason: str) -> None:
    assert (await answer_of(start(), *parts)).reason == reason


async def test_an_empty_answer_is_an_answer() -> None:
    reply = await answer_of(start(), stop())
    assert (reply.text, reply.requests, reply.reason) == ("", [], "stop")


async def test_a_refusal_says_why_where_nothing_was_said() -> None:
    why = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    silent = await answer_of(start(), stop("refusal", why))
    begun = await answer_of(start(), text(0, "Well"), stop("refusal", why))
    assert (silent.text, silent.reason) == ("Not this.", "content_filter")
    assert (begun.text, begun.reason) == ("Well", "content_filter")


async def test_cached_and_thinking_tokens_are_counted_and_priced() -> None:
    first = start(input_tokens=300, cache_read_input_tokens=600, cache_creation_input_tokens=100)
    details = {"thinking_tokens": 200}
    reply = await answer_of(first, text(0, "4"), stop(output_tokens=500, output_tokens_details=details))
    used = reply.usage
    assert (used.input_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens) == (1000, 600, 500, 200)
    assert used.cost == pytest.approx((300 * 3 + 600 * 0.3 + 100 * 3.75 + 500 * 15) / 1e6)


async def test_a_later_count_replaces_an_earlier_one() -> None:
    reply = await answer_of(start(input_tokens=0), text(0, "4"), stop(input_tokens=12, output_tokens=3))
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (12, 3)


async def test_what_a_server_does_not_report_is_estimated() -> None:
    silent = event("message_start", message={"role": "assistant"})
    used = (await answer_of(silent, text(0, "word " * 100), stop(), request="ask " * 100)).usage
    assert 80 <= used.input_tokens <= 200
    assert 80 <= used.output_tokens <= 200
    assert used.cost


@pytest.mark.parametrize(
    ("name", "tier", "known"),
    [
        ("claude-sonnet-4-5", "standard", True),
        ("claude-sonnet-4-5-20250929", "standard", True),
        ("claude-sonnet-4-5", "priority", False),
        ("claude-of-tomorrow", "standard", False),
        ("claude-haiku-5-5", "standard", False),
    ],
)
async def test_a_cost_that_is_not_known_is_not_zero(name: str, tier: str, *, known: bool) -> None:
    used = (await answer_of(start(service_tier=tier), text(0, "4"), stop(output_tokens=7), name=name)).usage
    assert used.cost == (pytest.approx((11 * 3 + 7 * 15) / 1e6) if known else None)


async def test_events_and_blocks_of_other_kinds_are_passed_over() -> None:
    reply = await answer_of(
        b": keep-alive\n\n",
        event("a_later_one", delta=[1], index="x"),
        start(),
        begin(0, "server_tool_use", id="s", name="web_search", input={}),
        json_piece(0, "{}"),
        end(0),
        delta(7, "text_delta", text="of no block"),
        begin(1, "redacted_thinking", data="xyz"),
        end(1),
        begin(2, "text", text="x"),
        delta(2, "citations_delta", citation={}),
        end(2),
        stop(),
    )
    assert (reply.text, reply.requests) == ("x", [])


@pytest.mark.parametrize("payload", [b"[]", b'"text"', b"{}", b'{"type": "message_delta", "delta": 1}'])
async def test_what_is_no_event_is_an_error(payload: bytes) -> None:
    with pytest.raises(ModelError, match="none of the Messages API"):
        await answer_of(b"event: message_delta\ndata: " + payload + b"\n\n", stop())


async def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        await answer_of(start(), b"event: message_delta\ndata: {broken\n\n", stop())


@pytest.mark.parametrize("cut", [streams_cut, streams_until_closed, streams])
@pytest.mark.parametrize(
    "parts",
    [[start(), text(0, "half")], [start(), begin(0, "tool_use", id="t", name="add", input={}), json_piece(0, "{")], []],
)
async def test_a_stream_that_ends_too_early_is_an_answer_that_broke_off(
    cut: Callable[..., Turn], parts: list[bytes]
) -> None:
    async with asking(cut(*parts)) as (model, _):
        with pytest.raises(ModelUnavailable, match=r"broke off|was cut"):
            await answer(model, "go")


async def test_a_cut_after_the_end_of_the_answer_does_not_matter() -> None:
    last: dict[str, Any] = {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
    async with asking(streams_cut(start(), text(0, "whole"), event("message_delta", **last))) as (model, _):
        assert (await answer(model, "go")).text == "whole"


async def test_any_split_of_the_bytes_gives_the_same_answer() -> None:
    whole = start() + thinking(0, "Hm") + text(1, "é", "\u2028x") + call(2, "t", "add", '{"a', '": "ü"}') + stop()
    for size in (1, 2, 3, 7, 64):
        for wire in (whole, whole.replace(b"\n", b"\r\n")):
            reply = await answer_of(*[wire[at : at + size] for at in range(0, len(wire), size)])
            assert (reply.reasoning, reply.text, reply.calls) == ("Hm", "é\u2028x", [("add", '{"a": "ü"}')])
