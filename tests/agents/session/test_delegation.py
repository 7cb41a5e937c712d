"""An agent delegates, and its delegate may do no more, use no more and go no deeper than it may itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.agents.session.yard import TOOLS, check_history, model_of, told, types_of
from toolyard import Agent, AgentConfig, AgentEvent, ApprovalInterrupt, Budgets, CancellationToken, Session, tool
from toolyard.testing import FakeModel
from toolyard_agents.delegation import agent_tool, enable_delegation
from toolyard_agents.errors import StateError
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.model import Finished, ModelRequest, Piece
from toolyard_agents.models.noop import NoopModel
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.state.state import State
from toolyard_agents.state.waiting import waiting
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

ASKS = PermissionProfile.model_validate({"agents": "all"})
ALL = PermissionProfile.model_validate({"profile": "all", "agents": "all", "approval": {"mode": "none"}})


class SameIds(NoopModel):
    """Launches at the moon, then at Mars, under one id."""

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        target = "mars" if told(request.messages, "tool") else "moon"
        yield ToolRequest(id="same", name="launch", arguments=json.dumps({"target": target}))
        yield Finished(reason="tool_calls", usage=NOTHING)


def boss_of(model: FakeModel, routes: Mapping[str, Agent], profile: PermissionProfile = ALL) -> Session:
    agent = Agent(name="boss", model=model)
    enable_delegation(agent, routes)
    return Session(agent, context=RunContext(caller=Caller(id="python", profile=profile)))


def worker_of(model: FakeModel, name: str = "worker") -> Agent:
    return Agent(name=name, model=model, tools=TOOLS)


def bounded(**limits: object) -> PermissionProfile:
    return PermissionProfile.model_validate({"agents": "all", "limits": limits})


async def test_a_delegate_works_on_its_own_and_its_answer_comes_back() -> None:
    worker = model_of([("double", {"n": 4})], "It is 8.")
    boss = model_of([("delegate", {"prompt": "Double 4", "agent": "worker"})], "8, says the worker.")
    heard: list[AgentEvent] = []
    result = await boss_of(boss, {"worker": worker_of(worker)}).run("go", on_event=heard.append)
    assert result.text == "8, says the worker."
    assert told(boss.requests[1].messages, "tool") == ["It is 8."]
    assert told(worker.requests[0].messages, "user") == ["Double 4"]
    children = [event for event in heard if event.agent == "worker"]
    assert {event.parent_run_id for event in children} == {result.run_id}
    assert "tool_end" in {event.type for event in children}
    assert {event.agent for event in result.events} == {"boss"}


async def test_an_agent_can_be_a_tool_of_another_within_the_same_bounds() -> None:
    worker, boss = model_of("8"), model_of([("ask_worker", {"prompt": "Double 4"})], "It is 8.")
    agent = Agent(name="boss", model=boss, tools=[agent_tool(worker_of(worker))])
    result = await Session(agent, context=RunContext(caller=Caller(id="python", profile=ALL))).run("go")
    assert (result.text, told(boss.requests[1].messages, "tool")) == ("It is 8.", ["8"])
    for profile in (bounded(depth=0), PermissionProfile.model_validate({"agents": ["other"]})):
        worker, boss = model_of("8"), model_of([("ask_worker", {"prompt": "Double 4"})], "so be it")
        agent = Agent(name="boss", model=boss, tools=[agent_tool(worker_of(worker))])
        result = await Session(agent, context=RunContext(caller=Caller(id="python", profile=profile))).run("go")
        assert (result.text, worker.requests) == ("so be it", [])


async def test_a_delegate_sees_the_conversation_only_when_it_is_shared() -> None:
    for share in (False, True):
        worker = model_of("done")
        arguments = {"prompt": "sum it up", "agent": "worker", "share_history": share}
        await boss_of(model_of([("delegate", arguments)], "ok"), {"worker": worker_of(worker)}).run("the secret plan")
        told_to = " ".join(message.content for message in worker.requests[0].messages)
        assert ("the secret plan" in told_to) is share


async def test_what_a_delegate_uses_counts_as_its_askers() -> None:
    spent = Usage(input_tokens=50, output_tokens=5, cost=0.25)
    worker, boss = FakeModel(), FakeModel()
    worker.add_response("done", usage=spent)
    boss.add_tool_calls([("delegate", {"prompt": "x", "agent": "worker"})], usage=spent)
    boss.add_response("ok", usage=spent)
    result = await boss_of(boss, {"worker": worker_of(worker)}).run("go")
    assert (result.usage["total_tokens"], result.cost) == (165, 0.75)


async def test_a_delegate_has_only_the_budget_that_is_left() -> None:
    spent = Usage(input_tokens=60, output_tokens=0)
    worker, boss = FakeModel(), FakeModel()
    worker.add_tool_calls([("double", {"n": 1})], usage=spent)
    worker.add_response("one too many")
    boss.add_tool_calls([("delegate", {"prompt": "x", "agent": "worker"})], usage=spent)
    boss.add_response("one too many")
    session = boss_of(boss, {"worker": worker_of(worker)}, bounded(max_tokens=100))
    result = await session.run("go")
    assert (result.stop_reason, len(worker.requests), len(boss.requests)) == ("budget", 1, 1)
    assert "budget" in told(session.state.get_messages(), "tool")[0]


async def test_delegation_goes_no_deeper_than_the_caller_may() -> None:
    model = FakeModel()
    for _ in range(3):
        model.add_tool_calls([("delegate", {"prompt": "deeper"})])
    for text in ("bottom", "middle", "top"):
        model.add_response(text)
    result = await boss_of(model, {}, bounded(depth=2)).run("go")
    assert result.text == "top"
    refused = [message for request in model.requests for message in told(request.messages, "tool")]
    assert any("the limit is 2" in message for message in refused)


async def test_a_delegate_may_do_no_more_than_its_asker() -> None:
    worker = model_of([("launch", {"target": "moon"})], "done")
    strong = Agent(
        AgentConfig(name="worker", profile="unrestricted"), model=worker, registry=worker_of(worker).registry
    )
    session = boss_of(model_of([("delegate", {"prompt": "x", "agent": "worker"})], "ok"), {"worker": strong})
    await session.run("go")
    assert "nobody here can give it" in told(worker.requests[1].messages, "tool")[0], "auto_approve is not inherited"
    narrow = PermissionProfile.model_validate({"agents": "all", "tools": {"deny": ["launch"]}})
    worker = model_of([("launch", {"target": "moon"})], "done")
    strong = Agent(
        AgentConfig(name="worker", profile="unrestricted"), model=worker, registry=worker_of(worker).registry
    )
    session = boss_of(model_of([("delegate", {"prompt": "x", "agent": "worker"})], "ok"), {"worker": strong}, narrow)
    await session.run("go")
    assert "denies the tool 'launch'" in told(worker.requests[1].messages, "tool")[0]
    assert "launch" not in {tool.name for tool in worker.requests[0].tools}


async def test_an_agent_that_the_profile_does_not_name_is_not_run() -> None:
    profile = PermissionProfile.model_validate({"agents": ["friend"]})
    worker = model_of("done")
    boss = model_of(
        [("delegate", {"prompt": "x", "agent": "worker"}), ("delegate", {"prompt": "x", "agent": "w"})], "ok"
    )
    result = await boss_of(boss, {"worker": worker_of(worker)}, profile).run("go")
    said = told(boss.requests[1].messages, "tool")
    assert "does not let you run the agent 'worker'" in said[0]
    assert "no agent is named 'w'" in said[1]
    assert (worker.requests, result.status) == ([], "completed")


async def test_where_agents_are_off_nothing_can_be_delegated() -> None:
    boss = model_of([("delegate", {"prompt": "x"})], "ok")
    result = await boss_of(boss, {}, PermissionProfile.model_validate({"agents": "off"})).run("go")
    assert boss.requests[0].tools == ()
    assert "tool_blocked" in types_of(result)


async def test_a_cancelled_run_ends_its_delegates() -> None:
    worker = model_of([("wait", {})])
    boss = boss_of(model_of([("delegate", {"prompt": "x", "agent": "worker"})]), {"worker": worker_of(worker)})
    ended: list[str] = []

    async def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            await boss.cancel("enough")
        if event.agent == "worker" and event.type == "cancelled":
            ended.append(event.type)

    result = await boss.run("go", on_event=hear)
    assert (result.status, ended) == ("cancelled", ["cancelled"])


def interrupting(session: Session) -> Session:
    def interrupt(name: str, arguments: dict[str, Any]) -> bool:
        raise ApprovalInterrupt

    session.approval_callback = interrupt
    return session


def restored(session: Session) -> Session:
    """The same session as another process would find it."""
    again = Session(session.agent, state=State(entries=session.state.entries), context=session.context)
    return interrupting(again)


@pytest.mark.parametrize("yes", [True, False])
async def test_a_run_whose_delegate_waits_is_interrupted_and_goes_on_where_it_stood(yes: bool) -> None:  # noqa: FBT001
    counted: list[int] = []

    @tool
    def count(n: int) -> int:
        """Count."""
        counted.append(n)
        return n

    worker = model_of([("count", {"n": 1}), ("launch", {"target": "moon"})], "worker is done")
    boss = model_of([("count", {"n": 0}), ("delegate", {"prompt": "x", "agent": "worker"})], "boss is done")
    agent = Agent(name="worker", model=worker, tools=[count, *TOOLS])
    session = boss_of(boss, {"worker": agent}, ASKS)
    session.agent.registry.register(count)
    first = await interrupting(session).run("go")
    assert (first.status, counted.sort(), counted, worker.requests[1:]) == ("interrupted", None, [0, 1], [])
    session = restored(session)
    waits = worker.requests[0], session.state.pending()
    assert [call.name for call in waits[1]] == ["delegate"]
    asked = next(path for path in waiting(session.state))
    again = await session.resume()
    assert (again.status, counted) == ("interrupted", [0, 1]), "what is not answered is asked for again"
    session = restored(session)
    result = await session.resume({asked[-1]: yes})
    assert (result.text, counted) == ("boss is done", [0, 1])
    said = told(worker.requests[1].messages, "tool")[1]
    assert ("launched at moon" in said) is yes
    check_history(session.state)


async def test_an_answer_that_two_waiting_calls_could_be_meant_by_is_refused() -> None:
    worker, boss = FakeModel(), FakeModel()
    for model, calls in (
        (boss, [("launch", {"target": "mars"}), ("delegate", {"prompt": "x", "agent": "worker"})]),
        (worker, [("launch", {"target": "moon"})]),
    ):
        model.add_tool_calls(calls)
        model.add_response("done")
    agent = Agent(name="worker", model=worker, tools=TOOLS)
    session = boss_of(boss, {"worker": agent}, ASKS)
    session.agent.registry.register(TOOLS[2])
    await interrupting(session).run("go")
    own, inner = waiting(session.state)
    assert (own[-1], len(inner)) == (inner[-1], 2), "the model numbers its calls anew in each run"
    with pytest.raises(StateError, match="2 calls that wait have this id"):
        await session.resume({own[-1]: True})
    result = await session.resume({own: False, inner: True})
    assert "approval" in told(boss.requests[1].messages, "tool")[0]
    assert (told(worker.requests[1].messages, "tool"), result.status) == (["launched at moon"], "completed")


async def test_an_answer_is_for_the_call_that_waits_and_not_for_a_later_one_of_the_same_id() -> None:
    session = interrupting(Session(Agent(name="a", model=SameIds(), tools=TOOLS)))
    await session.run("go")
    result = await session.resume({"same": True})
    assert (result.status, session.state.pending()[0].id) == ("interrupted", "same")
    assert told(session.state.messages, "tool") == ["launched at moon"]


async def test_a_run_that_is_resumed_has_what_is_left_of_its_budget() -> None:
    spent = Usage(input_tokens=60, output_tokens=0)
    model = FakeModel()
    for target in ("moon", "mars"):
        model.add_tool_calls([("launch", {"target": target})], usage=spent)
    model.add_response("one too many")
    agent = Agent(name="a", model=model, tools=TOOLS)
    session = interrupting(
        Session(agent, context=RunContext(caller=Caller(id="python", profile=bounded(max_tokens=100))))
    )
    await session.run("go")
    second = await session.resume({call.id: True for call in session.state.pending()})
    assert (second.status, second.usage["total_tokens"]) == ("interrupted", 60)
    third = await session.resume({call.id: True for call in session.state.pending()})
    assert (third.stop_reason, len(model.requests)) == ("budget", 2)


def test_budgets_of_a_config_are_those_of_the_agent() -> None:
    agent = Agent(AgentConfig(name="a", budgets=Budgets(depth=1, fan_out=2)), model=FakeModel())
    assert (agent.config.budgets.depth, agent.config.budgets.fan_out) == (1, 2)


async def test_a_delegate_that_takes_too_long_ends_alone() -> None:
    worker, token = model_of([("wait", {})]), CancellationToken()
    boss = model_of([("delegate", {"prompt": "x", "agent": "worker"})], "went on")
    session = boss_of(boss, {"worker": worker_of(worker)}, bounded(timeout="0.2s"))
    result = await session.run("go", token=token)
    assert (result.text, result.status, token.is_cancelled()) == ("went on", "completed", False)


async def test_the_time_of_a_run_is_that_of_its_delegates_too() -> None:
    worker = model_of([("wait", {})])
    boss = model_of([("delegate", {"prompt": "x", "agent": "worker"})], "too late")
    session = boss_of(boss, {"worker": worker_of(worker)})
    session.context = replace(session.context, bounds=Budgets(wall_time=0.2))
    heard: list[AgentEvent] = []
    result = await session.run("go", on_event=heard.append)
    assert (result.status, result.stop_reason, session.state.status) == ("error", "timeout", "error")
    ends = [event.type for event in heard if event.agent == "worker"]
    assert ends[-1] in ("error", "cancelled")


def spender(*turns: Any, tokens: int) -> FakeModel:
    model, used = FakeModel(), Usage(input_tokens=tokens, output_tokens=0, cost=0.0)
    for turn in turns:
        if isinstance(turn, str):
            model.add_response(turn, usage=used)
        else:
            model.add_tool_calls(turn, usage=used)
    return model


@pytest.mark.parametrize("bound", [{"max_tokens": 1000}, {"max_turns": 5}])
async def test_delegates_at_the_same_time_share_one_budget(bound: dict[str, int]) -> None:
    worker = spender(*[[("double", {"n": n})] for n in range(40)], tokens=100)
    calls: list[Any] = [("delegate", {"prompt": f"{n}", "agent": "worker"}) for n in range(4)]
    boss = spender(calls, "ok", tokens=100)
    session = boss_of(boss, {"worker": worker_of(worker)}, bounded(**bound))
    result = await session.run("go")
    asked = len(worker.requests) + len(boss.requests)
    most = bound.get("max_turns", 10)
    assert most <= asked <= most + 4, "each delegate may be in its last step when the others reach the bound"
    assert result.usage["total_tokens"] == 100 * asked == session.state.usage["total_tokens"]


async def test_what_a_delegate_used_that_was_cut_off_counts_too() -> None:
    worker = spender([("wait", {})], tokens=900)
    boss = spender([("delegate", {"prompt": "x", "agent": "worker"})], "went on", tokens=5)
    result = await boss_of(boss, {"worker": worker_of(worker)}, bounded(timeout="0.2s")).run("go")
    assert (result.text, result.usage["total_tokens"]) == ("went on", 910)


async def test_a_delegate_that_waited_is_not_charged_twice() -> None:
    worker = spender([("launch", {"target": "moon"})], "launched", tokens=500)
    boss = spender([("delegate", {"prompt": "x", "agent": "worker"})], "ok", tokens=10)
    session = boss_of(boss, {"worker": worker_of(worker)}, bounded(max_tokens=1100))
    await interrupting(session).run("go")
    session = restored(session)
    result = await session.resume({next(waiting(session.state))[-1]: True})
    assert (result.text, session.state.usage["total_tokens"]) == ("ok", 1020)


async def test_only_a_run_that_broke_off_or_waits_goes_on_and_within_what_is_left() -> None:
    model = spender(*[[("double", {"n": n})] for n in range(9)], tokens=600)
    context = RunContext(caller=Caller(id="python", profile=bounded(max_tokens=1000)))
    session = Session(Agent(name="a", model=model, tools=TOOLS), context=context)
    with pytest.raises(StateError, match="idle"):
        await session.resume()
    assert (await session.run("go")).stop_reason == "budget"
    for _ in range(3):
        assert (await session.resume()).stop_reason == "budget"
    assert len(model.requests) == 2
    session.agent.model = model_of("fine")
    assert (await session.run("anew")).text == "fine"
    with pytest.raises(StateError, match="completed"):
        await session.resume()


async def test_whoever_decides_sees_all_of_a_call() -> None:
    long = "#" * 5000 + "rm -rf"
    seen: list[str] = []

    def decide(name: str, arguments: dict[str, Any]) -> bool:
        seen.append(arguments["target"])
        return False

    session = Session(Agent(name="a", model=model_of([("launch", {"target": long})], "done"), tools=TOOLS))
    session.approval_callback = decide
    await session.run("go")
    assert seen == [long]
