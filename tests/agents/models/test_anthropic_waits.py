"""Stalls, retries, cancellation and event loops: no question waits for ever, and no socket stays open."""

from __future__ import annotations

import asyncio
import gc

import anyio
import anyio.lowlevel
import pytest
from anyio.from_thread import start_blocking_portal

from tests.agents.models.anthropic_server import asking, begin, delta, end, event, start, text, text_turn, thinking
from tests.agents.models.chat_server import STREAM, Connection, chatting, says, streams_cut
from tests.agents.models.conversations import answer, watch
from toolyard_agents.errors import ModelUnavailable
from toolyard_agents.models.anthropic import AnthropicModel
from toolyard_agents.models.model import Piece, TextPiece
from toolyard_agents.models.patience import Patience
from toolyard_agents.models.retrying import RetryingModel

pytestmark = pytest.mark.anyio

HALF = begin(0, "text", text="") + delta(0, "text_delta", text="half")
SHORT = Patience(first=0.4, idle=0.2, closing=0.2)


class Hanging:
    """A turn that sends these bytes and then nothing, until the client leaves."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.left = anyio.Event()

    async def __call__(self, connection: Connection) -> None:
        if self.parts:
            await connection.send(f"{STREAM}connection: close\r\n\r\n".encode() + b"".join(self.parts))
        await connection.gone()
        self.left.set()


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        pytest.param([], r"0\.4", id="before its head"),
        pytest.param([event("ping")], r"0\.4", id="before its first event"),
        pytest.param([start(), begin(0, "thinking", thinking="")], r"0\.4", id="in hidden thoughts"),
        pytest.param([start(), HALF], r"0\.2", id="between two pieces"),
        pytest.param([start(), thinking(0, "Hm"), HALF.replace(b"0", b"1")], r"0\.2", id="after thoughts"),
        pytest.param(
            [start(), HALF, end(0), begin(1, "tool_use", id="t", name="write")], r"0\.4", id="in a long argument"
        ),
    ],
)
async def test_a_stall_ends_the_question(parts: list[bytes], seconds: str) -> None:
    turn = Hanging(*parts)
    with anyio.fail_after(10):
        async with asking(turn, patience=SHORT) as (model, _):
            with pytest.raises(ModelUnavailable, match=rf"nothing came for {seconds} s|no answer, in time"):
                await answer(model, "go")
            await turn.left.wait()


async def test_a_stall_after_the_end_of_an_answer_does_not_matter() -> None:
    turn = Hanging(start(), text(0, "whole"), event("message_delta", delta={"stop_reason": "end_turn"}, usage={}))
    with anyio.fail_after(10):
        async with asking(turn, patience=SHORT) as (model, _):
            assert (await answer(model, "go")).text == "whole"
            await turn.left.wait()


async def test_a_question_is_asked_again_after_errors_of_the_server() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    turns = [says(529), says(429, retry_after="7"), streams_cut(start()), text_turn("ok")]
    async with asking(*turns) as (model, server):
        retrying = RetryingModel(model, sleep=wait, chance=lambda: 0.0)
        assert (await answer(retrying, "go")).text == "ok"
    assert waits == [0.5, 7.0, 2.0]
    assert len({str(request.body) for request in server.requests}) == 1


async def test_a_cancelled_question_closes_its_connection() -> None:
    turn = Hanging(start(), HALF)
    seen: list[Piece] = []
    with anyio.fail_after(10):
        async with asking(turn) as (model, _):
            async with anyio.create_task_group() as group:
                group.start_soon(watch, model, "go", seen)
                while not seen:
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            await turn.left.wait()
    assert seen == [TextPiece("half")]


async def test_a_model_that_was_closed_can_be_asked_again() -> None:
    async with asking(text_turn("one"), text_turn("two")) as (model, server):
        assert (await answer(model, "go")).text == "one"
        await model.aclose()
        assert (await answer(model, "go")).text == "two"
        assert server.connections == 2


@pytest.mark.parametrize("closing", [True, False], ids=["closed", "forgotten"])
def test_a_model_serves_one_loop_after_the_other_and_leaves_nothing_open(*, closing: bool) -> None:
    async def ask(model: AnthropicModel) -> str:
        said = (await answer(model, "go")).text
        if closing:
            await model.aclose()
        return said

    turns = chatting(text_turn("one"), text_turn("two"))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(turns) as server:
        model = AnthropicModel("m", base_url=server.url)
        assert [asyncio.run(ask(model)) for _ in range(2)] == ["one", "two"]
        assert server.connections == 2
        del model
        gc.collect()  # an unclosed socket warns, and a warning is an error
