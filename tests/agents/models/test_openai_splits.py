"""However a stream is cut into pieces, the answer is the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agents.models.chat_server import DONE, ChatServer, asking, call, delta, streams, usage
from tests.agents.models.conversations import answer
from toolyard_agents.models.openai import OpenAIModel

pytestmark = pytest.mark.anyio

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ARGUMENTS = st.one_of(
    st.dictionaries(TEXTS, st.one_of(st.integers(), TEXTS), min_size=1, max_size=3).map(json.dumps),
    TEXTS.map(lambda text: "{" + text),
)
CALLS = st.lists(st.tuples(st.sampled_from(["add", "files.read", "x"]), ARGUMENTS), max_size=3)


def cut(draw: st.DrawFn, whole: Sequence[str] | bytes, most: int) -> list[tuple[int, int]]:
    """Where a text begins and ends in each of up to so many pieces."""
    marks = draw(st.lists(st.integers(0, len(whole)), max_size=most))
    edges = [0, *sorted(marks), len(whole)]
    return list(pairwise(edges))


@st.composite
def streamed(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]], list[bytes]]:
    """A text, some calls, and the bytes of an answer with them, in any pieces."""
    text, calls = draw(TEXTS), draw(CALLS)
    events = [delta(content=text[start:end]) for start, end in cut(draw, text, 4)]
    pieces: list[list[bytes]] = []
    for index, (name, arguments) in enumerate(calls):
        first = call(index, id=f"c{index}", name=name, arguments="")
        pieces.append([first, *(call(index, arguments=arguments[a:b]) for a, b in cut(draw, arguments, 5))])
    while left := [queue for queue in pieces if queue]:
        events.append(draw(st.sampled_from(left)).pop(0))
    wire = b"".join([*events, delta("tool_calls" if calls else "stop"), usage(), DONE])
    if draw(st.booleans()):
        wire = wire.replace(b"\n", b"\r\n")
    return text, calls, [wire[start:end] for start, end in cut(draw, wire, 12)]


async def test_any_split_gives_the_same_answer() -> None:
    async with asking() as (model, server):
        await every_split(model, server)


async def every_split(model: OpenAIModel, server: ChatServer) -> None:
    """Hypothesis runs no coroutines, so the examples are found first and asked one after the other."""
    examples: list[tuple[str, list[tuple[str, str]], list[bytes]]] = []

    @settings(max_examples=60, deadline=None, database=None)
    @given(streamed())
    def collect(example: tuple[str, list[tuple[str, str]], list[bytes]]) -> None:
        examples.append(example)

    collect()
    for text, calls, parts in examples:
        server.turns.append(streams(*parts))
        reply = await answer(model, "go")
        assert (reply.text, reply.calls) == (text, [(name, given.strip()) for name, given in calls]), parts
        assert reply.usage.total_tokens == 18
