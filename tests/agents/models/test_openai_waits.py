"""Stalls, retries, cancellation and event loops: no question waits for ever, and no socket stays open."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager, suppress
from typing import cast

import anyio
import anyio.lowlevel
import pytest
from anyio.from_thread import start_blocking_portal

from tests.agents.models.chat_server import (
    STREAM,
    ChatServer,
    Connection,
    Turn,
    asking,
    chatting,
    delta,
    says,
    streams_cut,
    text_turn,
)
from tests.agents.models.conversations import answer, user, watch
from toolyard_agents.errors import ModelRefused, ModelUnavailable
from toolyard_agents.models import exchange
from toolyard_agents.models.model import Piece, TextPiece
from toolyard_agents.models.openai import OpenAIModel
from toolyard_agents.models.opening import open_model
from toolyard_agents.models.patience import Patience
from toolyard_agents.models.retrying import RetryingModel

pytestmark = pytest.mark.anyio


class Hanging:
    """A turn that sends these bytes and then nothing, until the client leaves."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.sent = anyio.Event()
        self.left = anyio.Event()

    async def __call__(self, connection: Connection) -> None:
        if self.parts:
            await connection.send(f"{STREAM}connection: close\r\n\r\n".encode() + b"".join(self.parts))
        self.sent.set()
        await connection.gone()
        self.left.set()


@contextmanager
def chatting_in_a_thread(*turns: Turn) -> Generator[ChatServer]:
    """A server that outlives the event loops of its clients."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(chatting(*turns)) as server:
        yield server


@pytest.mark.parametrize(
    ("parts", "patience"),
    [
        ([], Patience(first=0.2)),
        ([b": keep-alive\n\n"], Patience(first=0.2)),
        ([delta(content="half")], Patience(idle=0.2)),
    ],
    ids=["before its head", "before its first piece", "between two pieces"],
)
async def test_a_stall_ends_the_question(parts: list[bytes], patience: Patience) -> None:
    turn = Hanging(*parts)
    with anyio.fail_after(10):
        async with asking(turn, patience=patience) as (model, _):
            with pytest.raises(ModelUnavailable, match=r"nothing came for 0\.2 s|no answer, in time"):
                await answer(model, "go")
            await turn.left.wait()


async def endless(connection: Connection) -> None:
    """The arguments of one call, without end."""
    await connection.send(f"{STREAM}connection: close\r\n\r\n".encode())
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "x" * 10_000}}
    with suppress(OSError):
        while True:
            await connection.send(delta(tool_calls=[call]))


async def test_an_answer_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 500_000)
    with anyio.fail_after(10):
        async with asking(endless) as (model, _):
            with pytest.raises(ModelRefused, match="does not end"):
                await answer(model, "go")


async def test_a_stall_after_the_end_of_an_answer_does_not_matter() -> None:
    turn = Hanging(delta(content="whole"), delta("stop"))
    with anyio.fail_after(10):
        async with asking(turn, patience=Patience(closing=0.2)) as (model, _):
            assert (await answer(model, "go")).text == "whole"
            await turn.left.wait()


def test_a_model_may_think_for_longer_than_it_may_pause() -> None:
    patience, stages = Patience(), ((False, False), (True, False), (True, True))
    waits = [patience.after(begun=begun, complete=complete) for begun, complete in stages]
    assert waits == [600.0, 120.0, 5.0]


async def test_a_question_is_asked_again_after_errors_of_the_server() -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async with asking(says(500), says(429, retry_after="7"), streams_cut(), text_turn("ok")) as (model, server):
        retrying = RetryingModel(model, sleep=wait, chance=lambda: 0.0)
        assert (await answer(retrying, "go")).text == "ok"
    assert waits == [0.5, 7.0, 2.0]
    assert len({str(request.body) for request in server.requests}) == 1


async def test_a_cancelled_question_closes_its_connection() -> None:
    turn = Hanging(delta(content="half"))
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


async def test_a_task_that_is_cancelled_before_the_answer_closes_its_connection() -> None:
    turn = Hanging()
    with anyio.fail_after(10):
        async with asking(turn) as (model, _):
            task = asyncio.create_task(answer(model, "go"))
            await turn.sent.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await turn.left.wait()


async def test_leaving_an_answer_closes_its_connection() -> None:
    turn = Hanging(delta(content="half"))
    with anyio.fail_after(10):
        async with asking(turn) as (model, _):
            async with aclosing(cast("AsyncGenerator[Piece]", model.stream(user("go")))) as pieces:
                assert await anext(pieces) == TextPiece("half")
            await turn.left.wait()


async def test_many_questions_at_once_share_one_client() -> None:
    async with asking(*[text_turn(str(number)) for number in range(20)]) as (model, server):
        texts: list[str] = []

        async def ask() -> None:
            texts.append((await answer(model, "go")).text)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)
        assert sorted(map(int, texts)) == list(range(20))
        before = server.connections
        server.turns.append(text_turn("again"))
        await answer(model, "go")
        assert server.connections == before


async def test_a_model_that_was_closed_can_be_asked_again() -> None:
    async with asking(text_turn("one"), text_turn("two")) as (model, server):
        await model.aclose()
        assert (await answer(model, "go")).text == "one"
        await model.aclose()
        assert (await answer(model, "go")).text == "two"
        assert server.connections == 2


async def test_a_model_is_closed_also_by_a_run_that_is_being_cancelled() -> None:
    left = anyio.Event()

    async def turn(connection: Connection) -> None:
        await text_turn("ok")(connection)
        await connection.gone()
        left.set()

    with anyio.fail_after(10):
        async with chatting(turn) as server:
            model = OpenAIModel("m", base_url=server.url)
            await answer(model, "go")
            with anyio.CancelScope() as scope:
                scope.cancel()
                await model.aclose()
            await left.wait()


@pytest.mark.parametrize("closing", [True, False], ids=["closed", "forgotten"])
def test_a_model_serves_one_loop_after_the_other_and_leaves_nothing_open(*, closing: bool) -> None:
    async def ask(model: OpenAIModel) -> str:
        text = (await answer(model, "go")).text
        if closing:
            await model.aclose()
        return text

    with chatting_in_a_thread(text_turn("one"), text_turn("two"), text_turn("three")) as server:
        model = OpenAIModel("m", base_url=server.url)
        assert [asyncio.run(ask(model)) for _ in range(3)] == ["one", "two", "three"]
        assert server.connections == 3
        del model
        gc.collect()  # an unclosed socket warns, and a warning is an error


def test_a_loop_that_ends_in_the_middle_of_an_answer_leaves_nothing_open() -> None:
    async def begin(model: OpenAIModel) -> Piece:
        pieces = model.stream(user("go"))
        return await anext(pieces)

    async def run() -> None:
        turn = Hanging(delta(content="half"))
        async with chatting(turn) as server:
            model = OpenAIModel("m", base_url=server.url)
            assert await begin(model) == TextPiece("half")
            with anyio.fail_after(10):
                await turn.left.wait()

    asyncio.run(run())
    gc.collect()


def test_two_loops_ask_at_the_same_time() -> None:
    with chatting_in_a_thread(*[text_turn("ok")] * 8) as server:
        model = OpenAIModel("m", base_url=server.url)

        async def ask() -> str:
            return "".join([(await answer(model, "go")).text for _ in range(4)])

        with start_blocking_portal() as portal:
            other = portal.start_task_soon(ask)
            assert asyncio.run(ask()) == "okokokok"
            assert other.result(10) == "okokokok"
            portal.call(model.aclose)
        assert server.connections == 2


async def test_a_name_opens_a_model_with_retries() -> None:
    async with chatting(says(503, retry_after="0"), text_turn("ok")) as server:
        model = open_model("llama3", base_url=server.url)
        assert model.name == "llama3"
        assert (await answer(model, "go")).text == "ok"
        await model.aclose()
