"""The scripted model does what its prompt says, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.agents.models.conversations import answer, converse
from toolyard_agents.errors import ModelError
from toolyard_agents.messages import Message
from toolyard_agents.models.model import ModelRequest
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.models.scripted import ScriptedModel
from toolyard_agents.usage import NOTHING

pytestmark = pytest.mark.anyio

SHOUT = {"tool": "shout", "arguments": {"text": "hi"}}


def script(*steps: dict[str, Any]) -> str:
    return json.dumps({"script": steps})


async def test_one_call_is_made_and_its_result_is_the_answer() -> None:
    first, last = await converse(ScriptedModel(), json.dumps(SHOUT), ["HI"])
    assert first.calls == [("shout", '{"text": "hi"}')]
    assert first.reason == "tool_calls"
    assert (last.text, last.reason, last.usage) == ("HI", "stop", NOTHING)


async def test_the_calls_of_a_script_are_made_one_after_the_other() -> None:
    answers = await converse(ScriptedModel(), script(SHOUT, {"tool": "count"}, SHOUT), ["one", "two", "three"])
    assert [reply.calls for reply in answers] == [
        [("shout", '{"text": "hi"}')],
        [("count", "{}")],
        [("shout", '{"text": "hi"}')],
        [],
    ]
    assert answers[-1].text == "three"
    ids = [reply.requests[0].id for reply in answers[:-1]]
    assert len(set(ids)) == 3


async def test_the_last_text_of_a_script_is_the_answer_and_the_others_come_with_the_calls() -> None:
    first, last = await converse(ScriptedModel(), script({"text": "Look:"}, SHOUT, {"text": "Done."}), ["HI"])
    assert (first.text, last.text) == ("Look:", "Done.")


async def test_a_text_before_the_last_call_is_the_answer_if_it_is_the_only_one() -> None:
    _, last = await converse(ScriptedModel(), script({"text": "Only me."}, SHOUT), ["HI"])
    assert last.text == "Only me."


async def test_a_script_of_nothing_answers_nothing() -> None:
    reply = await answer(ScriptedModel(), script())
    assert (reply.text, reply.requests) == ("", [])


async def test_an_error_is_raised_where_it_stands() -> None:
    with pytest.raises(ModelError, match="out of ideas"):
        await converse(ScriptedModel(), script(SHOUT, {"error": "out of ideas"}, SHOUT), ["HI"])
    first = await answer(ScriptedModel(), script(SHOUT, {"error": "out of ideas"}))
    assert first.calls


async def test_only_what_follows_the_last_prompt_counts() -> None:
    earlier = (
        Message(role="user", content=script(SHOUT)),
        Message(role="assistant", content="", tool_calls=()),
        Message(role="tool", content="OLD", tool_call_id="x"),
    )
    request = ModelRequest(messages=(*earlier, Message(role="user", content=script(SHOUT))))
    assert (await answer(ScriptedModel(), request)).calls


@pytest.mark.parametrize(
    "prompt",
    [
        "just words",
        "",
        "42",
        "[1, 2]",
        '{"tool": 1}',
        '{"tool": "a", "argument": {}}',
        '{"script": "a"}',
        '{"script": [{"text": 1}]}',
        '{"script": [{"tool": "a", "text": "b"}]}',
        '{"script": [], "more": 1}',
        "[" * 20_000,
    ],
)
async def test_a_prompt_that_is_no_script_is_echoed(prompt: str) -> None:
    reply = await answer(ScriptedModel(), prompt)
    assert (reply.text, reply.requests, reply.reason) == (prompt, [], "stop")


async def test_noop_answers_nothing_and_calls_nothing() -> None:
    reply = await answer(NoopModel(), json.dumps(SHOUT))
    assert (reply.text, reply.requests, reply.usage) == ("", [], NOTHING)
