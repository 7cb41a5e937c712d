"""A run that is cancelled at any point ends well: the n-th time anything happens, for every n."""

from __future__ import annotations

import asyncio

import pytest

from tests.agents.session.yard import SAFE, Call, check_history, model_of, session_of, told, types_of
from toolyard import AgentEvent, CancellationToken, Session, ToolContext, tool
from toolyard_agents.events import TERMINAL

pytestmark = pytest.mark.anyio

MADE: list[int] = []


@tool
async def step(n: int, ctx: ToolContext) -> str:
    """Take a step."""
    await ctx.progress(1)
    MADE.append(n)
    await ctx.progress(2)
    return f"took {n}"


def script() -> Session:
    MADE.clear()
    first: list[Call] = [("step", {"n": 1}), ("step", {"n": 2})]
    return session_of(model_of(first, [("step", {"n": 3})], "all done", "again"), tools=[step])


async def cancelled_at(number: int) -> bool:
    """Whether the run had ended before its event of this number."""
    session, token = script(), CancellationToken()

    async def hear(event: AgentEvent) -> None:
        if event.seq == number and event.type not in TERMINAL:
            token.cancel("at that moment")
            await asyncio.sleep(0)

    async with asyncio.timeout(SAFE):
        result = await session.run("go", on_event=hear, token=token)
    check_history(session.state)
    assert types_of(result)[-1] in TERMINAL
    assert sum(kind in TERMINAL for kind in types_of(result)) == 1
    if result.status == "completed":
        return True
    assert (result.status, session.state.status) == ("cancelled", "cancelled")
    answers = told(session.state.get_messages(), "tool")
    assert all(f"took {n}" not in answers or n in MADE for n in (1, 2, 3)), "no answer is made up"
    again = await session.run("and now?")
    assert again.status in ("completed", "error")
    check_history(session.state)
    return False


async def test_a_run_can_be_cancelled_at_each_of_its_events() -> None:
    number = 0
    while not await cancelled_at(number):
        number += 1
    assert number > 15


async def test_a_task_can_be_cancelled_at_each_turn_of_the_loop() -> None:
    for turns in range(60):
        session = script()
        running = asyncio.create_task(session.run("go"))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        async with asyncio.timeout(SAFE):
            await asyncio.wait({running})
        check_history(session.state)
        assert session.state.status in ("idle", "cancelled", "completed")
        assert session.state.run_id is None
