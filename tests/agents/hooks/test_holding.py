"""What a model says in pieces is held back until it can be redacted whole, and all other events flow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.hooks.corpus import leaks
from tests.agents.hooks.pieces import DONE, Pieces
from tests.agents.session.yard import SAFE
from toolyard import Agent, PIIRedactionHook, PolicyHooks, Session, ToolContext, tool
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import ModelRequest, Piece, ReasoningPiece, TextPiece

pytestmark = pytest.mark.anyio

REDACTED = PolicyHooks(pii_redaction=PIIRedactionHook())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 60), max_size=8), thought=st.booleans(), broken=st.booleans())
async def test_a_secret_that_comes_in_pieces_is_redacted_whole(
    tmp_path: Path, cuts: list[int], *, thought: bool, broken: bool
) -> None:
    text = "Mail bob@acme.test, 4111 1111 1111 1111, pay DE89 3704 0044 0532 0130 00."
    edges = [0, *sorted(cuts), len(text)]
    pieces: list[Piece | Exception] = []
    for start, end in pairwise(edges):
        pieces.append(TextPiece(text[start:end]))
        pieces += [ReasoningPiece(text[start:end])] if thought else []
    pieces.append(ValueError("broken") if broken else DONE)
    agent = Agent(name="a", model=Pieces([pieces]), tools=[], policy_hooks=REDACTED, trace_dir=tmp_path)
    result = await agent.run("go")
    said = {kind: [e.content for e in result.events if e.type == kind] for kind in ("text", "reasoning")}
    redacted = ["Mail [EMAIL], [CREDIT_CARD], pay [IBAN]."]
    assert said == {"text": redacted, "reasoning": redacted if thought else []}
    assert result.text == text
    trace = (tmp_path / f"{result.trace_id}.jsonl").read_text()
    assert leaks(trace) == []


async def test_what_is_held_back_is_told_before_a_run_that_is_cancelled_ends() -> None:
    waiting = asyncio.Event()

    class Slow(Pieces):
        async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
            yield TextPiece("Mail bob@ac")
            yield TextPiece("me.test")
            waiting.set()
            await asyncio.Event().wait()

    session = Session(Agent(name="a", model=Slow([]), tools=[], policy_hooks=REDACTED))
    async with asyncio.timeout(SAFE):
        running = asyncio.create_task(session.run("go"))
        await waiting.wait()
        await session.cancel()
        result = await running
    assert [(e.type, e.content) for e in result.events][-2][1] == "Mail [EMAIL]"
    assert (result.events[-1].type, result.text) == ("cancelled", "Mail bob@acme.test")


async def test_a_progress_does_not_wait_for_an_answer_that_is_held_back() -> None:
    heard: list[str] = []

    @tool
    async def work(ctx: ToolContext) -> str:
        """Work."""
        await ctx.progress(1)
        heard.append("working")
        return "done"

    call = ToolRequest(id="c1", name="work", arguments="{}")
    model = Pieces([[TextPiece("so "), TextPiece("be it"), call, DONE], [TextPiece("x"), DONE]])
    session = Session(Agent(name="a", model=model, tools=[work], policy_hooks=REDACTED))
    await session.run("go", on_event=lambda event: heard.append(event.type))
    assert heard[2:8] == ["text", "api_call_complete", "tool_start", "tool_progress", "working", "tool_end"]
