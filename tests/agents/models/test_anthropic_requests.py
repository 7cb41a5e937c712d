"""What a server of the Messages API is sent, and that a whole agent runs with its answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.models.anthropic_server import NAME, asking, begin, call, end, start, stop, text, text_turn, thinking
from tests.agents.models.chat_server import KEY, streams
from tests.agents.models.conversations import answer, converse
from toolyard import Agent, Session, tool
from toolyard_agents.errors import ModelRefused
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import ModelRequest, ModelSettings, OfferedTool

pytestmark = pytest.mark.anyio

ADD = OfferedTool(name="add", description="Add.", parameters={"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}}


def user(content: str) -> Message:
    return Message(role="user", content=content)


def asked(content: str, *calls: ToolRequest) -> Message:
    return Message(role="assistant", content=content, tool_calls=calls)


def result(id: str, content: str) -> Message:
    return Message(role="tool", content=content, tool_call_id=id)


def says(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


def answers(id: str, content: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content}


async def sent(*messages: Message, name: str = NAME, **fields: Any) -> dict[str, Any]:
    """The body of a request with these messages."""
    async with asking(text_turn("ok"), name=name) as (model, server):
        await answer(model, ModelRequest(messages=messages, **fields))
    return server.requests[0].body


async def test_the_whole_conversation_is_sent_and_what_is_not_set_is_not() -> None:
    messages = (
        Message(role="system", content="Be brief."),
        user("1+?"),
        asked("", ToolRequest(id="c1", name="add", arguments='{"a": 1}')),
        result("c1", "2"),
    )
    async with asking(text_turn("ok"), text_turn("ok")) as (model, server):
        for _ in range(2):
            await answer(model, ModelRequest(messages=messages, tools=(ADD,)))
    assert server.requests[0].body == {
        "model": NAME,
        "max_tokens": 32_000,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [says("1+?")]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]},
            {"role": "user", "content": [answers("c1", "2")]},
        ],
        "tools": [{"name": "add", "description": "Add.", "input_schema": ADD.parameters}],
        "stream": True,
    }
    assert server.requests[0].path == "/v1/messages"
    assert KEY in server.requests[0].headers["authorization"]
    assert server.connections == 1, "the connection is used again"


async def test_turns_alternate_and_the_results_of_a_turn_stand_first_in_one_message() -> None:
    calls = [ToolRequest(id=id, name="add", arguments="{}") for id in ("c1", "c2")]
    body = await sent(
        user("go"),
        user("now"),
        asked("Wait. ", *calls),
        user("hurry"),
        result("c1", "1"),
        result("c2", ""),
        asked("So."),
        asked("3"),
        user("thanks"),
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert body["messages"][0]["content"] == [says("go"), says("now")]
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use", "tool_use"]
    assert body["messages"][2]["content"] == [answers("c1", "1"), answers("c2", ""), says("hurry")]
    assert body["messages"][3]["content"] == [says("So."), says("3")]
    assert "system" not in body


async def test_texts_of_white_space_are_left_out() -> None:
    body = await sent(Message(role="system", content=" "), user("go"), asked(" \n"), user("\t"), user("on"))
    assert body["messages"] == [{"role": "user", "content": [says("go"), says("on")]}]
    assert "system" not in body


async def test_a_conversation_without_a_text_is_refused() -> None:
    with pytest.raises(ModelRefused, match="nothing to answer"):
        await sent(Message(role="system", content="Be brief."), user(" "))


@pytest.mark.parametrize("arguments", ['{"a"', "[1]", "", "NaN"])
async def test_arguments_that_are_no_object_go_back_in_one(arguments: str) -> None:
    body = await sent(user("go"), asked("", ToolRequest(id="c1", name="add", arguments=arguments)), result("c1", "no"))
    assert body["messages"][1]["content"][0]["input"] == {"INVALID_JSON": arguments}


async def test_ids_and_names_that_do_not_fit_are_sent_as_ones_that_do() -> None:
    calls = [ToolRequest(id=id, name="files.read", arguments="{}") for id in ("a.1", "a/1")]
    body = await sent(user("go"), asked("", *calls), result("a.1", "1"), result("a/1", "2"))
    uses, results = body["messages"][1]["content"], body["messages"][2]["content"]
    assert [use["id"] for use in uses] == [answered["tool_use_id"] for answered in results]
    assert len({use["id"] for use in uses}) == 2
    assert all(use["id"].replace("_", "").isalnum() for use in uses)
    assert {use["name"] for use in uses} == {"files_read"}


async def test_half_a_surrogate_pair_can_be_sent() -> None:
    body = await sent(user("name: \udcff!"), asked("", ToolRequest(id="c\udcff", name="add", arguments='"\udcff"')))
    assert body["messages"][0]["content"] == [says("name: ?!")]


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (ModelSettings(reasoning_effort="low"), {"output_config": {"effort": "low"}}),
        (ModelSettings(reasoning_effort="max"), {"output_config": {"effort": "max"}}),
        (ModelSettings(reasoning_effort="none"), {"thinking": {"type": "disabled"}}),
        (ModelSettings(service_tier="auto"), {"service_tier": "auto"}),
        (ModelSettings(service_tier="default"), {"service_tier": "standard_only"}),
        (ModelSettings(service_tier="standard_only"), {"service_tier": "standard_only"}),
        (ModelSettings(response_format={"type": "text"}), {}),
        (
            ModelSettings(
                response_format={"type": "json_schema", "json_schema": {"name": "sum", "schema": SCHEMA}},
                reasoning_effort="high",
            ),
            {"output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
        (
            ModelSettings(response_format={"type": "json_schema", "schema": SCHEMA}),
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
    ],
)
async def test_a_setting_with_an_equivalent_is_sent(settings: ModelSettings, fields: dict[str, Any]) -> None:
    plain = await sent(user("go"))
    assert await sent(user("go"), settings=settings) == {**plain, **fields}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ModelSettings(reasoning_effort="minimal"), "reasoning_effort: 'minimal'.*expected none, low"),
        (ModelSettings(service_tier="flex"), "service_tier: 'flex'.*expected auto"),
        (ModelSettings(response_format={"type": "json_object"}), 'response_format: "json_object" has no equivalent'),
        (ModelSettings(response_format={"type": "json_schema"}), "json_schema with a schema"),
    ],
)
async def test_a_setting_without_an_equivalent_is_refused(settings: ModelSettings, said: str) -> None:
    async with asking() as (model, server):
        with pytest.raises(ModelRefused, match=said) as raised:
            await answer(model, ModelRequest(messages=(user("go"),), settings=settings))
        assert str(raised.value).startswith(f"{NAME} at 127.0.0.1:")
        assert server.requests == []


@pytest.mark.parametrize(("name", "most"), [("claude-opus-5", 32_000), ("claude-3-5-haiku", 8_192), ("kimi", 8_192)])
async def test_an_answer_may_be_as_long_as_every_model_of_its_name_can_write(name: str, most: int) -> None:
    assert (await sent(user("go"), name=name))["max_tokens"] == most


async def test_what_it_thought_before_its_calls_goes_back_unchanged() -> None:
    first = (
        start(),
        thinking(0, "Hm. ", signature="first"),
        text(1, "Wait."),
        begin(2, "redacted_thinking", data="xyz"),
        end(2),
        call(3, "t1", "add", '{"a": 1}'),
        stop("tool_use"),
    )
    second = (start(), thinking(0, signature="second"), call(1, "t2", "add", "{}"), stop("tool_use"))
    async with asking(streams(*first), streams(*second), text_turn("2"), text_turn("ok")) as (model, server):
        await converse(model, "1+?", ["1", "2"])
        strange = (user("another"), asked("", ToolRequest(id="t2", name="add", arguments="{}")), result("t2", "2"))
        await answer(model, ModelRequest(messages=strange))
    turns = server.requests[2].body["messages"]
    assert turns[1]["content"] == [
        {"type": "thinking", "thinking": "Hm. ", "signature": "first"},
        says("Wait."),
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
    ]
    assert turns[3]["content"][0] == {"type": "thinking", "thinking": "", "signature": "second"}
    assert turns[1] == server.requests[1].body["messages"][1]
    assert "signature" not in str(server.requests[3].body), "thoughts are signed for one conversation"


async def test_an_agent_calls_a_tool_and_answers_with_its_result() -> None:
    @tool(name="numbers.add")
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    called_it = call(2, "t1", "numbers_add", '{"a": 1', ', "b": 2}')
    first = streams(start(), thinking(0, "Hm."), text(1, "Let me see."), called_it, stop("tool_use", output_tokens=9))
    async with asking(first, text_turn("It is ", "3.")) as (model, server):
        result = await Session(Agent(name="adder", model=model, tools=[add])).run("1+2?")
    assert (result.text, result.status, result.usage["output_tokens"]) == ("It is 3.", "completed", 16)
    assert result.cost == pytest.approx((22 * 3 + 16 * 15) / 1e6)
    asked_first, asked_then = (request.body for request in server.requests)
    assert [offered["name"] for offered in asked_first["tools"]] == ["numbers_add"]
    assert set(asked_first["tools"][0]["input_schema"]["properties"]) == {"a", "b"}
    assert asked_then["messages"] == [
        {"role": "user", "content": [says("1+2?")]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "signed"},
                says("Let me see."),
                {"type": "tool_use", "id": "t1", "name": "numbers_add", "input": {"a": 1, "b": 2}},
            ],
        },
        {"role": "user", "content": [answers("t1", "3")]},
    ]


async def test_what_was_called_is_declared_where_nothing_can_be_called_any_more() -> None:
    body = await sent(user("1+?"), asked("", ToolRequest(id="c1", name="a/b", arguments="{}")), result("c1", "2"))
    assert body["tools"] == [{"name": "a_b", "input_schema": {"type": "object"}}]
    assert body["tool_choice"] == {"type": "none"}
    assert "tools" not in await sent(user("hello"))
