"""One run of a session: what the model is told, what happens, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.session.yard import CALLS, SAFE, Call, check_history, model_of, session_of, told, types_of
from toolyard import (
    Agent,
    AgentConfig,
    AgentEvent,
    ApprovalInterrupt,
    Budgets,
    CancellationToken,
    Session,
    ToolError,
    tool,
)
from toolyard_agents.errors import ModelRefused, ModelUnavailable, SessionBusy
from toolyard_agents.events import TERMINAL
from toolyard_agents.usage import Usage
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio


async def test_a_model_calls_tools_and_answers() -> None:
    model = model_of([("double", {"n": 21})], "It is 42.")
    session = session_of(model)
    result = await session.run("Double 21")
    assert (result.text, result.status, result.stop_reason) == ("It is 42.", "completed", "end")
    assert types_of(result) == [
        "agent_start", "step_start", "api_call_complete", "tool_start", "tool_end",
        "step_start", "text", "text", "text", "api_call_complete", "turn_complete",
    ]  # fmt: skip
    assert [event.seq for event in result.events] == list(range(len(result.events)))
    assert {event.run_id for event in result.events} == {result.run_id}
    assert told(model.requests[1].messages, "tool") == ["42"]
    assert [offered.name for offered in model.requests[0].tools] == ["double", "fail", "launch", "wait"]
    check_history(session.state)


async def test_calls_of_one_answer_are_made_at_the_same_time_and_answered_in_order() -> None:
    together = asyncio.Barrier(3)

    @tool
    async def meet(n: int) -> int:
        """Wait for the others."""
        await together.wait()
        return n

    model = model_of([("meet", {"n": n}) for n in range(3)], "met")
    async with asyncio.timeout(SAFE):
        await session_of(model, tools=[meet]).run("go")
    assert told(model.requests[1].messages, "tool") == ["0", "1", "2"]


async def test_no_more_calls_are_under_way_than_the_profile_says() -> None:
    now, most = 0, 0

    @tool
    async def count() -> int:
        """Count who is here."""
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return most

    many: list[Call] = [("count", {})] * 6
    profile = PermissionProfile.model_validate({"limits": {"fan_out": 2}})
    await session_of(model_of(many, "done"), tools=[count], profile=profile).run("go")
    assert most == 2


async def test_whatever_goes_wrong_with_a_call_goes_back_to_the_model() -> None:
    bad: list[tuple[str, Any]] = [("double", {"n": "x"}), ("double", "{"), ("double", "[1]"), ("no", {})]
    model = model_of([("fail", {"message": "out of paper"}), *bad], "so be it")
    session = session_of(model)
    result = await session.run("go")
    said = told(model.requests[1].messages, "tool")
    assert result.status == "completed"
    assert said[0] == "out of paper"
    assert "n: " in said[1]
    assert "not JSON" in said[2]
    assert "a JSON list" in said[3]
    assert "no tool is named 'no'" in said[4]
    assert types_of(result).count("tool_blocked") == 1
    assert types_of(result).count("tool_start") == types_of(result).count("tool_end") == 4
    check_history(session.state)


def said(answer: Any) -> Callable[[str, dict[str, Any]], Any]:
    """A callback that says this, whatever it is asked."""
    return lambda name, arguments: answer


def raises(name: str, arguments: dict[str, Any]) -> bool:
    raise OSError


def only_the_moon(name: str, arguments: dict[str, Any]) -> bool:
    return arguments == {"target": "moon"}


@pytest.mark.parametrize(
    ("callback", "answer"),
    [
        (None, "nobody here can give it"),
        (said(answer=False), "approval was refused"),
        (said("yes"), "approval was refused"),
        (said(1), "approval was refused"),
        (raises, "the approver failed"),
        (only_the_moon, "launched at moon"),
    ],
    ids=["nobody", "no", "a text", "a number", "raises", "yes"],
)
async def test_only_a_clear_yes_lets_a_call_through(callback: Any, answer: str) -> None:
    model = model_of([("launch", {"target": "moon"})], "done")
    session = session_of(model)
    session.approval_callback = callback
    result = await session.run("go")
    assert answer in told(model.requests[1].messages, "tool")[0]
    blocked = [event for event in result.events if event.type == "tool_blocked"]
    assert bool(blocked) == ("launched" not in answer)
    assert result.status == "completed"


async def test_auto_approve_counts_only_in_runs_of_the_program_itself() -> None:
    async def told_to(*, trusted: bool) -> str:
        model = model_of([("launch", {"target": "moon"})], "done")
        session = session_of(model)
        if trusted:
            session = Session(session.agent)
        await session.run("go")
        return told(model.requests[1].messages, "tool")[0]

    assert await told_to(trusted=True) == "launched at moon"
    assert "nobody here can give it" in await told_to(trusted=False)


async def test_an_interrupted_run_goes_on_with_the_answer_and_makes_no_call_twice() -> None:
    counted: list[int] = []

    @tool
    def count(n: int) -> int:
        """Count."""
        counted.append(n)
        return n

    def interrupt(name: str, arguments: dict[str, Any]) -> bool:
        raise ApprovalInterrupt("ask the boss")

    model = model_of([("count", {"n": 1}), CALLS[1], ("count", {"n": 2})], "done")
    session = session_of(model)
    session.agent.registry.register(count)
    session.approval_callback = interrupt
    first = await session.run("go")
    assert (first.status, first.stop_reason, session.state.status) == ("interrupted", "interrupted", "interrupted")
    assert types_of(first)[-1] == "interruption"
    assert sorted(counted) == [1, 2]
    (waits,) = session.state.pending()
    assert waits.name == "launch"
    second = await session.resume({waits.id: True})
    assert (second.text, second.status, sorted(counted)) == ("done", "completed", [1, 2])
    assert told(model.requests[1].messages, "tool") == ["1", "launched at moon", "2"]
    check_history(session.state)


async def test_a_run_that_is_resumed_with_a_no_goes_on_without_the_call() -> None:
    def interrupt(name: str, arguments: dict[str, Any]) -> bool:
        raise ApprovalInterrupt

    model = model_of([CALLS[1]], "done")
    session = session_of(model)
    session.approval_callback = interrupt
    await session.run("go")
    (waits,) = session.state.pending()
    result = await session.resume({waits.id: False})
    assert result.status == "completed"
    assert "resumed with a no" in told(model.requests[1].messages, "tool")[0]


@pytest.mark.parametrize("how", ["token", "session", "check", "task"])
async def test_a_cancelled_run_ends_soon_and_leaves_a_session_that_goes_on(how: str) -> None:
    model = model_of([("wait", {}), ("double", {"n": 2})], "fine again")
    session = session_of(model)
    token, waiting = CancellationToken(), asyncio.Event()

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            waiting.set()

    if how == "check":
        session.cancel_check = waiting.is_set
    running = asyncio.create_task(session.run("go", on_event=hear, token=token))
    async with asyncio.timeout(SAFE):
        await waiting.wait()
        if how == "token":
            token.cancel("enough")
        elif how == "session":
            await session.cancel("enough")
        elif how == "task":
            running.cancel()
        done, _ = await asyncio.wait({running})
    assert done
    if how == "task":
        assert running.cancelled()
    else:
        result = running.result()
        assert (result.status, types_of(result)[-1]) == ("cancelled", "cancelled")
        assert result.events[-1].content == ("cancel_check said so" if how == "check" else "enough")
    assert session.state.status == "cancelled"
    session.cancel_check = None
    check_history(session.state)
    assert "4" in told(session.state.get_messages(), "tool"), "what had ended keeps its answer"
    again = await session.run("and now?")
    assert (again.status, again.text) == ("completed", "fine again")


async def test_the_part_of_an_answer_that_came_is_kept() -> None:
    model = model_of()
    model.add_error(ModelUnavailable("the line is cut"), text="half an ans")
    session = session_of(model)
    result = await session.run("go")
    assert (result.status, result.text) == ("error", "half an ans")
    assert result.events[-1].content == "the line is cut"
    assert told(session.state.get_messages(), "assistant") == ["half an ans"]


async def test_an_event_tells_no_secret_of_a_call() -> None:
    @tool(secret=["key"])
    async def unlock(key: str) -> str:
        """Unlock.

        Args:
            key: The key.
        """
        if key != "open":
            raise ToolError(f"bad key {key!r}")
        return "open"

    calls: list[Call] = [
        ("unlock", {"key": "hunter2"}),
        ("unlock", {"kye": "hunter2"}),
        ("unlok", {"key": "hunter2"}),
    ]
    result = await session_of(model_of(calls, "done"), tools=[unlock]).run("go")
    assert result.text == "done"
    assert "hunter2" not in str(result.events)


async def test_a_session_runs_one_prompt_at_a_time() -> None:
    session = session_of(model_of([("wait", {})]))
    running = asyncio.create_task(session.run("go"))
    await asyncio.sleep(0)
    with pytest.raises(SessionBusy):
        await session.run("me too")
    await session.cancel()
    await running


async def test_a_listener_that_fails_does_not_end_the_run(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: AgentEvent) -> None:
        raise RuntimeError(event.type)

    result = await session_of(model_of("hello")).run("go", on_event=broken)
    assert result.status == "completed"
    assert "failed at turn_complete" in caplog.text


def agent_with(model: Any, **budgets: Any) -> Session:
    agent = Agent(AgentConfig(name="spender", budgets=Budgets(**budgets)), model=model)
    return Session(agent)


async def test_a_budget_is_refused_before_the_next_step() -> None:
    spent = Usage(input_tokens=90, output_tokens=20, cost=0.5)
    for budgets, reason in (
        ({"max_turns": 1}, "max_iterations"),
        ({"max_tokens": 100}, "budget"),
        ({"max_cost": 0.4}, "budget"),
    ):
        model = model_of()
        model.add_tool_calls([("list", {"path": "."})], usage=spent)
        model.add_response("one too many")
        result = await agent_with(model, **budgets).run("go")
        assert (result.status, result.stop_reason, len(model.requests)) == ("error", reason, 1)


async def test_a_cost_that_nobody_knows_is_refused_before_the_first_step(openai_key: None) -> None:
    agent = Agent(AgentConfig(name="spender", model="model-of-tomorrow", budgets=Budgets(max_cost=1)))
    result = await Session(agent).run("go")
    assert result.status == "error"
    assert "price" in (result.events[-1].content or "")
    assert "step_start" not in types_of(result)


async def test_a_run_that_takes_too_long_is_stopped() -> None:
    model = model_of([("bash", {"command": "sleep 60"})])
    agent = Agent(AgentConfig(name="slow", profile="unrestricted", budgets=Budgets(wall_time=0.5)), model=model)
    async with asyncio.timeout(SAFE):
        result = await Session(agent).run("go")
    assert (result.status, result.stop_reason) == ("error", "timeout")


async def test_exactly_one_last_event_ends_every_run() -> None:
    for turns in (["done"], [ModelRefused("no")], [], [[("fail", {"message": "x"})]]):
        result = await session_of(model_of(*turns)).run("go")
        assert [kind in TERMINAL for kind in types_of(result)].count(True) == 1
        assert types_of(result)[-1] in TERMINAL


@pytest.fixture
def openai_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test")
