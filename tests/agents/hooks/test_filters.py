"""Tools that a filter takes away are neither offered nor callable, on any path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.agents.session.yard import CALLS, TOOLS, Turn, model_of, told
from toolyard import (
    Agent,
    PermissionProfile,
    PolicyHooks,
    RunResult,
    Runtime,
    ToolCall,
    ToolFilter,
    enable_delegation,
    mcp,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import AgentError

pytestmark = pytest.mark.anyio


def filtered(denied: Any = (), allowed: Any = None) -> PolicyHooks:
    return PolicyHooks(tool_filter=ToolFilter(denied=denied, allowed=allowed))


def runtime_of(folder: Path, hooks: PolicyHooks | None, *agents: Agent) -> Runtime:
    runtime = Runtime(trace_dir=folder, policy_hooks=hooks)
    for agent in agents:
        runtime.register_agent(agent)
    return runtime


def offered(model: FakeModel) -> list[str]:
    return [tool.name for tool in model.requests[0].tools]


def answers(result: RunResult) -> list[str]:
    return told(result.messages, "tool")


@pytest.mark.parametrize("denied", [{"launch"}, ["launch"], {"lau*"}, ("launch", "nothing-yet*")])
async def test_a_denied_tool_is_neither_offered_nor_found(tmp_path: Path, denied: Any) -> None:
    model = model_of(CALLS[1:2], "done")
    agent = Agent(name="a", model=model, tools=TOOLS)
    result = await runtime_of(tmp_path, filtered(denied), agent).run("a", "go")
    assert offered(model) == ["double", "fail", "wait"]
    assert "denies the tool 'launch'" in answers(result)[0]


async def test_both_filters_hold(tmp_path: Path) -> None:
    model = model_of(CALLS[:1], [("fail", {"message": "x"})], "done")
    agent = Agent(name="a", model=model, tools=TOOLS, policy_hooks=filtered(allowed={"double", "launch"}))
    result = await runtime_of(tmp_path, filtered({"launch"}), agent).run("a", "go")
    assert offered(model) == ["double"]
    assert answers(result)[0] == "2"
    assert "allows only double, launch" in answers(result)[1]


async def test_an_agent_by_itself_has_its_own_filter(tmp_path: Path) -> None:
    model = model_of("done")
    await Agent(name="a", model=model, tools=TOOLS, policy_hooks=filtered({"double"}), trace_dir=tmp_path).run("go")
    assert offered(model) == ["fail", "launch", "wait"]


async def test_nothing_is_left_where_nothing_is_allowed(tmp_path: Path) -> None:
    model = model_of("done")
    await runtime_of(tmp_path, filtered(allowed=()), Agent(name="a", model=model, tools=TOOLS)).run("a", "go")
    assert offered(model) == []


async def test_the_filters_of_the_runtime_and_of_the_asker_hold_for_a_delegate(tmp_path: Path) -> None:
    below = model_of([("launch", {"target": "moon"}), ("fail", {"message": "x"})], "below")
    helper = Agent(name="helper", model=below, tools=TOOLS)
    turns: list[Turn] = [[("delegate", {"prompt": "go", "agent": "helper"})], "done"]
    boss = Agent(name="boss", model=model_of(*turns), tools=TOOLS, policy_hooks=filtered({"launch"}))
    enable_delegation(boss, {"helper": helper})
    result = await runtime_of(tmp_path, filtered({"fail"}), boss, helper).run("boss", "go")
    assert (result.text, offered(below)) == ("done", ["double", "wait"])
    assert all("denies the tool" in answer for answer in told(below.requests[1].messages, "tool"))


async def test_a_filter_holds_in_queries_and_for_specialists(tmp_path: Path) -> None:
    for specialist in (False, True):
        model = model_of(CALLS[1:2], "done")
        runtime = runtime_of(tmp_path, filtered({"launch"}), Agent(name="a", model=model, tools=TOOLS))
        stream = runtime.run_specialist("a", "go", "t1") if specialist else runtime.query("go", "t1")
        events = [event async for event in stream]
        assert offered(model) == ["double", "fail", "wait"]
        assert [event["tool_name"] for event in events if event["type"] == "tool_blocked"] == ["launch"]


async def test_a_filter_holds_for_whoever_comes_over_mcp(tmp_path: Path) -> None:
    model = model_of(CALLS[1:2], "done")
    runtime = runtime_of(tmp_path, filtered({"launch"}), Agent(name="a", model=model, tools=TOOLS))
    async with Client(mcp.create_server(runtime, agent="mcp")) as client:
        await client.call_tool("run_prompt", {"prompt": "go"})
    assert offered(model) == ["double", "fail", "wait"]
    async with Client(mcp.create_server(runtime, agent="a")) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["double", "fail", "wait"]
    gate, caller = runtime.gate("a"), runtime.caller("http", PermissionProfile(profile="open"))
    decided = gate.explain(ToolCall(tool="launch", arguments={"target": "moon"}), caller)
    assert (decided.verdict, decided.rule) == ("deny", "tools.deny")


async def test_a_name_that_no_tool_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"'lunch', and the agent 'a' has double, fail, launch, wait"):
        Agent(name="a", model=model_of(), tools=TOOLS, policy_hooks=filtered({"lunch"}))
    runtime = runtime_of(tmp_path, filtered(allowed={"lunch"}), Agent(name="a", model=model_of("x"), tools=TOOLS))
    with pytest.raises(AgentError, match="lunch"):
        await runtime.run("a", "go")
    with pytest.raises(AgentError, match="lunch"):
        runtime.query("go", "t")
    with pytest.raises(AgentError, match="lunch"):
        runtime.gate("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["launch", [3], {"a*b"}, {""}, {" x"}])
def test_what_is_no_set_of_names_is_refused(given: Any) -> None:
    with pytest.raises(AgentError, match="expected"):
        ToolFilter(denied=given)
    with pytest.raises(AgentError, match="expected"):
        ToolFilter(allowed=given)


def test_what_is_no_hook_is_refused() -> None:
    with pytest.raises(AgentError, match="tool_filter"):
        PolicyHooks(tool_filter={"wipe"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
