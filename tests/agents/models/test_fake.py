"""FakeModel gives each answer once, in order, and remembers what it was asked."""

from __future__ import annotations

import anyio
import pytest

from tests.agents.models.conversations import answer, watch
from toolyard.testing import FakeModel
from toolyard_agents.errors import ModelError, RateLimited
from toolyard_agents.models.model import Piece, TextPiece
from toolyard_agents.usage import NOTHING, Usage

pytestmark = pytest.mark.anyio


async def test_answers_come_in_order_and_questions_are_kept() -> None:
    model = FakeModel(name="test")
    model.add_tool_calls([("add", {"a": 1}), ("raw", "{not json")], text="Wait.")
    model.add_response("It is 3.", Usage(input_tokens=5, output_tokens=2, cost=0.5))
    first, second = await answer(model, "one"), await answer(model, "two")
    assert first.calls == [("add", '{"a": 1}'), ("raw", "{not json")]
    assert (first.text, first.reason, first.usage) == ("Wait.", "tool_calls", NOTHING)
    assert (second.text, second.reason, second.usage.cost) == ("It is 3.", "stop", 0.5)
    assert [request.messages[0].content for request in model.requests] == ["one", "two"]
    assert len({request.id for request in first.requests}) == 2


async def test_a_text_comes_word_by_word() -> None:
    model = FakeModel()
    model.add_response("so it  goes\n")
    reply = await answer(model, "go")
    assert [piece.text for piece in reply.pieces if isinstance(piece, TextPiece)] == ["so", " it", "  goes", "\n"]


async def test_an_error_comes_after_its_text() -> None:
    model = FakeModel()
    model.add_error(RateLimited("slow down", retry_after=1), text="half")
    seen: list[Piece] = []
    with pytest.raises(RateLimited, match="slow down"):
        await watch(model, "go", seen)
    assert seen == [TextPiece("half")]


async def test_a_script_that_is_used_up_is_an_error() -> None:
    with pytest.raises(ModelError, match=r"used up.*'fake' was asked 1 times"):
        await answer(FakeModel(), "go")


async def test_askers_in_parallel_get_an_answer_each() -> None:
    model = FakeModel()
    for number in range(20):
        model.add_response(str(number), delay=0.001)
    texts: list[str] = []

    async def ask() -> None:
        texts.append((await answer(model, "go")).text)

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(ask)
    assert sorted(map(int, texts)) == list(range(20))
    assert len(model.requests) == 20


async def test_it_is_free_whatever_its_name() -> None:
    model = FakeModel(name="gpt-99")
    assert model.cost(NOTHING) == 0.0
    await model.aclose()
    assert model.closed
