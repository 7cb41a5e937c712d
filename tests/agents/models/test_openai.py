"""Answers of Chat Completions servers, over a real socket and through the real client."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.agents.models.chat_server import (
    DONE,
    KEY,
    Turn,
    asking,
    call,
    delta,
    event,
    streams,
    streams_cut,
    streams_until_closed,
    text_turn,
    usage,
)
from tests.agents.models.conversations import Answer, answer
from toolyard_agents.errors import ModelError, ModelUnavailable
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import ModelRequest, ModelSettings, OfferedTool, TextPiece

pytestmark = pytest.mark.anyio

STOP = (delta("stop"), usage(), DONE)
CALLS = (delta("tool_calls"), usage(), DONE)
ADD = OfferedTool(name="add", description="Add.", parameters={"type": "object", "properties": {}})


async def answer_of(*parts: bytes, name: str = "gpt-5-mini", request: ModelRequest | str = "go") -> Answer:
    """What comes of a stream of these bytes."""
    async with asking(streams(*parts), name=name) as (model, _):
        return await answer(model, request)


async def test_a_text_is_streamed_with_what_it_used() -> None:
    reply = await answer_of(delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo"), *STOP)
    assert reply.pieces[:2] == (TextPiece("Hel"), TextPiece("lo"))
    assert (reply.text, reply.reason, reply.finished.model) == ("Hello", "stop", "m")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert reply.usage.cost == pytest.approx((11 * 0.25 + 7 * 2) / 1e6)


async def test_the_whole_conversation_is_sent_and_what_is_not_set_is_not() -> None:
    asked = ToolRequest(id="c1", name="add", arguments='{"a": 1}')
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="user", content="1+?"),
        Message(role="assistant", content="", tool_calls=(asked,)),
        Message(role="tool", content="2", tool_call_id="c1"),
    )
    async with asking(text_turn("ok"), text_turn("ok")) as (model, server):
        await answer(model, ModelRequest(messages=messages, tools=(ADD,)))
        settings = ModelSettings(reasoning_effort="low", service_tier="flex", response_format={"type": "json_object"})
        await answer(model, ModelRequest(messages=messages[:2], settings=settings))
    plain, set_ = (request.body for request in server.requests)
    assert plain == {
        "model": "gpt-5-mini",
        "messages": [message.to_dict() for message in messages],
        "tools": [
            {"type": "function", "function": {"name": "add", "description": "Add.", "parameters": ADD.parameters}}
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "tools" not in set_
    assert (set_["reasoning_effort"], set_["service_tier"]) == ("low", "flex")
    assert set_["response_format"] == {"type": "json_object"}
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.connections == 1, "the connection is used again"


async def test_half_a_surrogate_pair_can_be_sent() -> None:
    async with asking(text_turn("ok")) as (model, server):
        await answer(model, "name: \udcff!")
    assert server.requests[0].body["messages"][0]["content"] == "name: ?!"


async def test_calls_are_put_together_from_pieces() -> None:
    reply = await answer_of(
        delta(content="Wait."),
        call(0, id="c1", name="add", arguments=""),
        call(1, id="c2", name="mul", arguments='{"a"'),
        call(0, arguments='{"a": '),
        call(1, arguments=": 2}"),
        call(0, arguments="1}"),
        *CALLS,
    )
    assert reply.requests == [
        ToolRequest(id="c1", name="add", arguments='{"a": 1}'),
        ToolRequest(id="c2", name="mul", arguments='{"a": 2}'),
    ]
    assert (reply.text, reply.reason) == ("Wait.", "tool_calls")


@pytest.mark.parametrize(
    ("parts", "calls"),
    [
        pytest.param(
            [call(0, name="add"), call(0, arguments="{}"), call(0, id="c1")], [("c1", "add", "{}")], id="late id"
        ),
        pytest.param(
            [call(0, id="c1", arguments="{"), call(0, arguments="}"), call(0, name="add")],
            [("c1", "add", "{}")],
            id="late name",
        ),
        pytest.param(
            [call(0, id="c1", name="add", arguments="{"), call(0, id="c1", name="add", arguments="}")],
            [("c1", "add", "{}")],
            id="id and name repeated",
        ),
        pytest.param([call(0, id="c1", name="ad"), call(0, name="d")], [("c1", "add", "{}")], id="name in two pieces"),
        pytest.param([call(0, id="c1", name="add")], [("c1", "add", "{}")], id="no arguments"),
        pytest.param(
            [call(0, id="c1", name="add", arguments="{not json")],
            [("c1", "add", "{not json")],
            id="malformed arguments",
        ),
        pytest.param(
            [call(0, id="c1", name="add", arguments={"a": 1})], [("c1", "add", '{"a": 1}')], id="arguments as an object"
        ),
        pytest.param(
            [call(0, id="c1", name="add", arguments="{}"), call(0, id="c2", name="mul", arguments="{}")],
            [("c1", "add", "{}"), ("c2", "mul", "{}")],
            id="two ids with one index",
        ),
        pytest.param(
            [
                call(None, id="c1", name="add", arguments="{"),
                call(None, arguments="}"),
                call(None, id="c2", name="mul"),
            ],
            [("c1", "add", "{}"), ("c2", "mul", "{}")],
            id="no index",
        ),
        pytest.param(
            [call(1, id="c2", name="mul"), call(0, id="c1", name="add")],
            [("c1", "add", "{}"), ("c2", "mul", "{}")],
            id="out of order",
        ),
        pytest.param([call(0, id="c1", name="add"), call(1)], [("c1", "add", "{}")], id="an empty piece"),
    ],
)
async def test_calls_of_servers_that_count_or_repeat_differently(
    parts: list[bytes], calls: list[tuple[str, str, str]]
) -> None:
    reply = await answer_of(*parts, *CALLS)
    assert [(request.id, request.name, request.arguments) for request in reply.requests] == calls


async def test_every_call_has_an_id_that_the_conversation_does_not_have_yet() -> None:
    earlier = ToolRequest(id="call_0", name="add", arguments="{}")
    messages = (
        Message(role="user", content="go"),
        Message(role="assistant", content="", tool_calls=(earlier,)),
        Message(role="tool", content="1", tool_call_id="call_0"),
    )
    parts = [call(i, id=id, name="add") for i, id in enumerate(["call_0", "same", "same", None])]
    parts += [call(4, id="", name="add", arguments="{}"), call(4, id="", name="mul", arguments="{}")]
    reply = await answer_of(*parts, *CALLS, request=ModelRequest(messages=messages))
    ids = [request.id for request in reply.requests]
    assert len(ids) == len(set(ids)) == 6
    assert "call_0" not in ids
    assert "" not in ids
    assert ids[1] == "same"


async def test_a_call_of_nothing_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match="names no tool"):
        await answer_of(call(0, id="c1", arguments='{"a": 1}'), *CALLS)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_what_it_thinks_aloud_is_not_its_answer(field: str) -> None:
    reply = await answer_of(delta(**{field: "Hm. "}), delta(**{field: "Ah."}), delta(content="4"), *STOP)
    assert (reply.reasoning, reply.text) == ("Hm. Ah.", "4")


async def test_a_refusal_is_its_answer() -> None:
    assert (await answer_of(delta(refusal="I will "), delta(refusal="not."), *STOP)).text == "I will not."


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([delta("stop")], "stop"),
        ([delta("length")], "length"),
        ([delta("content_filter")], "content_filter"),
        ([call(0, name="add"), delta("tool_calls")], "tool_calls"),
        ([call(0, name="add"), delta("stop")], "tool_calls"),
        ([call(0, name="add"), delta("function_call")], "tool_calls"),
        ([call(0, name="add", arguments='{"a'), delta("length")], "length"),
        ([delta("eos")], "stop"),
        ([delta(content="x")], "stop"),
        ([call(0, name="add")], "tool_calls"),
    ],
)
async def test_the_reason_of_the_end_is_told_also_when_it_is_missing(parts: list[bytes], reason: str) -> None:
    assert (await answer_of(*parts, usage(), DONE)).reason == reason


async def test_an_empty_answer_is_an_answer() -> None:
    reply = await answer_of(*STOP)
    assert (reply.text, reply.requests, reply.reason) == ("", [], "stop")


async def test_cached_and_reasoning_tokens_are_counted_and_priced() -> None:
    counts = usage(
        prompt_tokens=1000,
        completion_tokens=500,
        total_tokens=1500,
        prompt_tokens_details={"cached_tokens": 600, "audio_tokens": 0},
        completion_tokens_details={"reasoning_tokens": 300},
    )
    used = (await answer_of(delta(content="4"), delta("stop"), counts, DONE)).usage
    assert (used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens) == (1000, 500, 600, 300)
    assert used.cost == pytest.approx((400 * 0.25 + 600 * 0.025 + 500 * 2) / 1e6)


async def test_reasoning_that_a_server_counts_apart_is_output() -> None:
    counts = usage(prompt_tokens=10, completion_tokens=5, total_tokens=115)
    assert (await answer_of(delta(content="4"), delta("stop"), counts, DONE)).usage.output_tokens == 105


@pytest.mark.parametrize("last", [(), (usage(prompt_tokens=None, completion_tokens=None, total_tokens=None),)])
async def test_what_a_server_does_not_report_is_estimated(last: tuple[bytes, ...]) -> None:
    used = (await answer_of(delta(content="word " * 100), delta("stop"), *last, DONE, request="ask " * 100)).usage
    assert 80 <= used.input_tokens <= 200
    assert 80 <= used.output_tokens <= 200
    assert used.cost


@pytest.mark.parametrize(
    ("name", "tier", "cost"),
    [("llama3", None, None), ("gpt-5-mini", "priority", None), ("gpt-5-mini", "flex", (11 * 0.25 + 7 * 2) / 2e6)],
)
async def test_a_cost_that_is_not_known_is_not_zero(name: str, tier: str | None, cost: float | None) -> None:
    tiered = event({"choices": [{"index": 0, "delta": {"content": "x"}}], "service_tier": tier})
    reply = await answer_of(tiered, *STOP, name=name)
    assert reply.usage.cost == (None if cost is None else pytest.approx(cost))


async def test_fields_and_chunks_that_say_nothing_are_passed_over() -> None:
    reply = await answer_of(
        b": keep-alive\n\n",
        event({}),
        event({"choices": None}),
        event({"choices": [{}], "usage": None}),
        event({"choices": [{"index": 0, "delta": None}]}),
        event({"choices": [{"index": 0, "delta": {"content": None, "tool_calls": None, "new": [1]}}]}),
        event({"choices": [{"index": 1, "delta": {"content": "another choice"}}]}),
        delta(content="x"),
        *STOP,
    )
    assert reply.text == "x"


@pytest.mark.parametrize("payload", [[], "text", 1, {"choices": {}}, {"choices": [{"delta": {"tool_calls": [1]}}]}])
async def test_what_is_no_chunk_is_an_error(payload: object) -> None:
    with pytest.raises(ModelError, match="none of Chat Completions"):
        await answer_of(event(payload), *STOP)


async def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        await answer_of(delta(content="x"), b"data: {broken\n\n", *STOP)


@pytest.mark.parametrize("cut", [streams_cut, streams_until_closed, streams])
@pytest.mark.parametrize("parts", [[delta(content="half")], [call(0, name="add", arguments="{")], []])
async def test_a_stream_that_ends_too_early_is_an_answer_that_broke_off(
    cut: Callable[..., Turn], parts: list[bytes]
) -> None:
    async with asking(cut(*parts)) as (model, _):
        with pytest.raises(ModelUnavailable, match=r"broke off|was cut"):
            await answer(model, "go")


async def test_a_cut_after_the_end_of_the_answer_does_not_matter() -> None:
    async with asking(streams_cut(delta(content="whole"), delta("stop"))) as (model, _):
        assert (await answer(model, "go")).text == "whole"


async def test_usage_with_every_chunk_is_no_end_of_an_answer() -> None:
    counted = {"choices": [{"index": 0, "delta": {"content": "half"}}], "usage": {"prompt_tokens": 1}}
    with pytest.raises(ModelUnavailable, match="broke off"):
        await answer_of(event(counted), event(counted))
