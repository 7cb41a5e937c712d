"""A run that is cancelled at any point ends well: the n-th time anything happens, for every n."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.agents.session.yard import SAFE, Call, check_history, model_of, session_of, told, types_of
from toolyard import AgentEvent, Budgets, CancellationToken, RunResult, Session, ToolContext, tool
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


@tool
async def slow_to_end() -> str:
    """Take a while to end when it is cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.3)
    return ""


async def started(session: Session, token: CancellationToken | None = None) -> asyncio.Task[RunResult]:
    """A run whose first call has begun."""
    begun = asyncio.Event()

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_start":
            begun.set()

    running = asyncio.create_task(session.run("go", on_event=hear, token=token))
    await begun.wait()
    return running


@pytest.mark.parametrize("wall_time", [None, 0.05])
async def test_a_run_that_is_cancelled_again_while_it_ends_leaves_a_session_that_goes_on(
    wall_time: float | None,
) -> None:
    session = session_of(model_of([("slow_to_end", {})], "again"), tools=[slow_to_end])
    session.context = replace(session.context, bounds=Budgets(wall_time=wall_time))
    running = await started(session)
    for _ in range(4):  # at once, while the tool takes leave, and again
        await asyncio.sleep(0.06)
        running.cancel()
    async with asyncio.timeout(SAFE):
        with pytest.raises(asyncio.CancelledError):
            await running
    check_history(session.state)
    assert session.state.status in ("cancelled", "error")
    session.context = replace(session.context, bounds=None)
    assert (await session.run("and now?")).text == "again"


async def test_a_run_leaves_the_programs_own_token_alone() -> None:
    session, token = session_of(model_of([("slow_to_end", {})]), tools=[slow_to_end]), CancellationToken()
    running = await started(session, token)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not token.is_cancelled()


async def test_a_listener_that_never_returns_holds_no_run_that_is_cancelled() -> None:
    session, token = session_of(model_of("done")), CancellationToken()

    async def hear(event: AgentEvent) -> None:
        if event.type in TERMINAL:
            token.cancel("enough")
            await asyncio.Event().wait()

    async with asyncio.timeout(SAFE):
        result = await session.run("go", on_event=hear, token=token)
    assert (result.status, session.state.status) == ("completed", "completed")


async def test_a_listener_that_swallows_a_cancellation_does_not_keep_the_run_going() -> None:
    model = model_of(*[[("step", {"n": n})] for n in range(20)], "never")
    session, token = session_of(model, tools=[step]), CancellationToken()

    async def hear(event: AgentEvent) -> None:
        if event.type == "tool_end" and not token.is_cancelled():
            token.cancel("enough")
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(1)

    result = await session.run("go", on_event=hear, token=token)
    assert (result.status, len(model.requests)) == ("cancelled", 1)


async def test_the_model_is_told_which_calls_of_a_cancelled_run_never_began() -> None:
    @tool(approval="always")
    async def ask_first() -> str:
        """Ask first."""
        return "never"

    session = session_of(model_of([("slow_to_end", {}), ("ask_first", {})]), tools=[slow_to_end, ask_first])
    asked, begun = asyncio.Event(), asyncio.Event()

    async def never(name: str, arguments: dict[str, object]) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_start":
            begun.set()

    session.approval_callback = never
    running = asyncio.create_task(session.run("go", on_event=hear))
    await asyncio.gather(asked.wait(), begun.wait())
    await session.cancel()
    await running
    unknown, not_made = told(session.state.get_messages(), "tool")
    assert "outcome is unknown" in unknown
    assert "was not made" in not_made
    check_history(session.state)
