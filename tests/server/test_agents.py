"""Agents behind the doors: under caller ∩ agent, asked of the caller's user, in threads of the caller's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client

from tests.server.asking import call, client, line
from tests.server.yards import DEADLINE, ERAS, MODERN, Yard, serving, text_of, until, write_yard
from toolyard import AgentConfig, PermissionProfile, ToolContext, mcp, tool
from toolyard.testing import NoLedger
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.reading import read_records

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from pathlib import Path
from toolyard import tool

HERE = Path(__file__).parent

@tool
def shout(text: str) -> str:
    """Upper-case a text."""
    with (HERE / "shouted").open("a") as file:
        file.write(text + "\\n")
    return text.upper()

@tool(approval="always")
def launch(target: str) -> str:
    """Launch at a target."""
    with (HERE / "launched").open("a") as file:
        file.write(target + "\\n")
    return f"launched at {target}"

@tool
async def linger() -> str:
    """Never end."""
    (HERE / "lingers").touch()
    try:
        await asyncio.Event().wait()
    finally:
        (HERE / "stopped").touch()
    return ""
'''
CONFIG = """
profile: {profile}
python: [my_tools]
toolkits: {{files: {{root: data}}}}
agents:
  - {{name: greeter, role: specialist, description: Greets., model: scripted, profile: unrestricted,
      tools: [shout, launch, linger, write, read]}}
  - {{name: planner, role: coordinator, model: scripted, profile: unrestricted, routes: [greeter]}}
  - {{name: hidden, model: scripted}}
auth: {{tokens: [{{id: ann, env: ANN}}, {{id: bob, env: BOB}}]}}
"""


def agent_yard(root: Path, profile: str = "readonly") -> Yard:
    (root / "data").mkdir(exist_ok=True)
    (root / "data/notes.txt").write_text("alpha\n")
    yard = write_yard(root, TOOLS, CONFIG.format(profile=profile))
    return Yard(root=root, env={**yard.env, "ANN": "a" * 32, "BOB": "b" * 32})


def script(*calls: tuple[str, dict[str, Any]]) -> str:
    return json.dumps({"script": [{"tool": name, "arguments": arguments} for name, arguments in calls]})


def lines(yard: Yard, name: str) -> list[str]:
    path = yard.root / name
    return path.read_text().splitlines() if path.exists() else []


async def yes(params: types.ElicitRequestFormParams) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"approve": True})


async def no(params: types.ElicitRequestFormParams) -> types.ElicitResult:
    return types.ElicitResult(action="decline")


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_over_mcp_may_do_no_more_than_its_caller(tmp_path: Path, era: str) -> None:
    yard = agent_yard(tmp_path)
    async with client(yard, None, era, None) as found:
        names = {listed.name for listed in (await found.list_tools()).tools}
        assert {"run_prompt", "ask_greeter"} <= names
        assert not names & {"write", "ask_hidden", "ask_planner", "delegate"}
        wrote = await found.call_tool("ask_greeter", {"prompt": script(("write", {"path": "made", "content": "x"}))})
        launched = await found.call_tool("ask_greeter", {"prompt": script(("launch", {"target": "moon"}))})
    assert "file_write: off" in text_of(wrote)
    assert "nobody here can give it" in text_of(launched), "an agent does not answer its own ask"
    assert not (tmp_path / "data/made").exists()
    assert lines(yard, "launched") == []


@pytest.mark.parametrize("era", ERAS)
async def test_the_callers_user_answers_each_ask_of_a_run_and_no_call_is_made_twice(tmp_path: Path, era: str) -> None:
    yard = agent_yard(tmp_path)
    calls = [("shout", {"text": "one"}), ("launch", {"target": "moon"}), ("shout", {"text": "two"})]
    calls.append(("launch", {"target": "mars"}))
    asked: list[str] = []

    async def answer(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"approve": "moon" in params.message})

    async with client(yard, None, era, answer) as found:
        result = await found.call_tool("ask_greeter", {"prompt": script(*calls)})
    assert "approval was refused" in text_of(result)
    assert (lines(yard, "shouted"), lines(yard, "launched")) == (["one", "two"], ["moon"])
    assert [("moon" in message, "mars" in message) for message in asked] == [(True, False), (False, True)]


def delegated(*calls: tuple[str, dict[str, Any]]) -> str:
    return script(("shout", {"text": "outer"}), ("delegate", {"prompt": script(*calls), "agent": "greeter"}))


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("mode", ["dangerous", "all"])
async def test_a_delegates_ask_reaches_the_callers_user_and_no_call_is_made_twice(
    tmp_path: Path, era: str, mode: str
) -> None:
    yard = agent_yard(tmp_path, f"{{profile: asks, agents: all, approval: {{mode: {mode}}}}}")
    asked: list[str] = []

    async def answer(params: types.ElicitRequestFormParams) -> types.ElicitResult:
        asked.append(params.message.split(" with ")[0].removeprefix("Run "))
        return types.ElicitResult(action="accept", content={"approve": '"mars"' not in params.message})

    inner = [("shout", {"text": "inner"}), *(("launch", {"target": target}) for target in ("moon", "mars", "moon"))]
    async with client(yard, None, era, answer) as found:
        arguments = {"prompt": delegated(*inner), "agent": "planner"}
        result = await found.call_tool("run_prompt", arguments)
    assert result.is_error is not True, text_of(result)
    assert (lines(yard, "shouted"), lines(yard, "launched")) == (["outer", "inner"], ["moon", "moon"])
    inside = ["launch"] * 3
    outside = ["run_prompt", "shout", "delegate", "shout"] if mode == "all" else []
    assert asked == [*outside, *inside]


@pytest.mark.parametrize("era", ERAS)
async def test_a_delegates_ask_is_refused_by_the_callers_user(tmp_path: Path, era: str) -> None:
    yard = agent_yard(tmp_path)
    async with client(yard, None, era, no) as found:
        await found.call_tool("run_prompt", {"prompt": delegated(("launch", {"target": "moon"})), "agent": "planner"})
    assert (lines(yard, "shouted"), lines(yard, "launched")) == (["outer"], [])


async def test_rounds_share_one_budget_and_the_report_counts_them_all(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path)
    calls = [("launch", {"target": target}) for target in ("moon", "mars", "venus")]
    async with client(yard, None, MODERN, yes) as found:
        arguments = {"prompt": script(*calls), "budget": {"max_turns": 2}}
        result = await found.call_tool("ask_greeter", arguments)
    report: dict[str, Any] = result.structured_content or {}
    assert (report["stop_reason"], lines(yard, "launched")) == ("max_iterations", ["moon", "mars"])


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_can_only_delegate_as_deep_as_its_caller_may(tmp_path: Path, era: str) -> None:
    yard = agent_yard(tmp_path, "{profile: shallow, agents: all, limits: {depth: 1}}")
    outer = script(("delegate", {"prompt": script(("shout", {"text": "x"})), "agent": "greeter"}))
    async with client(yard, None, era, None) as found:
        result = await found.call_tool("run_prompt", {"prompt": outer, "agent": "planner"})
    assert "the limit is 1" in text_of(result)
    assert lines(yard, "shouted") == []


async def test_a_profile_names_the_agents_that_may_be_run(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path, "{profile: one, agents: [planner]}")
    async with client(yard, None, ERAS[0], None) as found:
        assert "ask_greeter" not in {listed.name for listed in (await found.list_tools()).tools}
        refused = await found.call_tool("run_prompt", {"prompt": "hi", "agent": "greeter"})
        assert "no agent is named 'greeter'; give one of planner" in text_of(refused)
        assert text_of(await found.call_tool("run_prompt", {"prompt": "hi", "agent": "planner"})) == "hi"
        unknown = await found.call_tool("run_prompt", {"prompt": "hi", "agent": "nobody"})
        assert "no agent is named 'nobody'" in text_of(unknown)


async def test_a_thread_goes_on_after_a_restart_and_belongs_to_its_caller_alone(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path)
    threads: list[str] = []
    for _ in range(2):
        with serving(yard) as server:
            arguments = {"prompt": "hello", **({"thread_id": threads[0]} if threads else {})}
            async with line(yard, server, "a" * 32) as ann:
                result = (await call(ann, "ask_greeter", arguments))["result"]
                threads.append(result["structuredContent"]["thread_id"])
            async with line(yard, server, "b" * 32) as bob:
                stolen = (await call(bob, "ask_greeter", {"prompt": "hello", "thread_id": threads[0]}))["result"]
                assert "no conversation of yours" in stolen["content"][0]["text"]
    assert threads[0] == threads[1]


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cancels_ends_the_run_and_its_calls(tmp_path: Path, era: str) -> None:
    yard = agent_yard(tmp_path)
    async with client(yard, None, era, None) as found:
        with anyio.move_on_after(DEADLINE) as scope:
            async with anyio.create_task_group() as tasks:

                async def ask() -> None:
                    await found.call_tool("ask_greeter", {"prompt": script(("linger", {}))})

                tasks.start_soon(ask)
                await until((tmp_path / "lingers").exists)
                tasks.cancel_scope.cancel()
        assert not scope.cancelled_caught
        await until((tmp_path / "stopped").exists)
        assert text_of(await found.call_tool("ask_greeter", {"prompt": "still here"})) == "still here"


async def test_a_budget_of_the_caller_bounds_the_run(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path)
    arguments = {"prompt": script(("shout", {"text": "a"}), ("shout", {"text": "b"})), "budget": {"max_turns": 1}}
    async with client(yard, None, ERAS[1], None) as found:
        result = await found.call_tool("ask_greeter", arguments)
    report: dict[str, Any] = result.structured_content or {}
    assert (result.is_error, report["status"], report["stop_reason"]) == (True, "error", "max_iterations")
    assert lines(yard, "shouted") == ["a"]


async def test_a_budget_of_the_caller_bounds_what_the_run_delegates(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path)
    outer = script(("delegate", {"prompt": script(("shout", {"text": "x"})), "agent": "greeter"}))
    async with client(yard, None, ERAS[1], None) as found:
        arguments = {"prompt": outer, "agent": "planner", "budget": {"depth": 1}}
        assert "the limit is 1" in text_of(await found.call_tool("run_prompt", arguments))
    assert lines(yard, "shouted") == []


async def test_where_agents_are_off_there_is_no_tool_that_runs_one(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path, "{profile: none, agents: off}")
    tools = yard.run("tools", "toolyard.yaml", "--json").json
    assert not {tool["name"] for tool in tools} & {"run_prompt", "ask_greeter"}
    why = yard.run("explain", "toolyard.yaml", "run_prompt", '{"prompt": "x"}', "--json").json
    assert (why["decision"], why["rule"]) == ("deny", "agents")


async def test_embedded_agents_are_bound_the_same() -> None:
    launched: list[str] = []

    @tool(approval="always")
    def launch(target: str) -> str:
        """Launch."""
        launched.append(target)
        return "launched"

    config = AgentConfig(name="greeter", role="specialist", model="scripted", profile="unrestricted")
    runtime = mcp.create_mcp_runtime(tools=[launch], agents=[config], ledger=NoLedger())
    async with Client(mcp.create_server(runtime)) as found:
        result = await found.call_tool("ask_greeter", {"prompt": script(("launch", {"target": "moon"}))})
    assert "nobody here can give it" in text_of(result)
    assert launched == []


async def test_what_a_delegate_calls_is_answered_recorded_and_served_by_the_same_host(tmp_path: Path) -> None:
    ran: list[str] = []

    @tool(approval="always")
    def danger() -> str:
        """Dangerous."""
        ran.append("danger")
        return "did it"

    @tool
    def greet(ctx: ToolContext) -> str:
        """Greet by a service."""
        return str(ctx.greeting)

    worker = AgentConfig(name="worker", role="specialist", model="scripted", profile="unrestricted")
    boss = AgentConfig(name="boss", role="coordinator", model="scripted", profile="unrestricted", routes=["worker"])
    profile = PermissionProfile.model_validate({"agents": "all", "approval": {"on_ask": ["allow"]}})
    runtime = mcp.create_mcp_runtime(
        tools=[danger, greet],
        agents=[worker, boss],
        profile=profile,
        services={"greeting": "hello"},
        approver=lambda ask: ask.tool != "danger",
        ledger=FileLedger(tmp_path / "audit"),
    )
    async with Client(mcp.create_server(runtime)) as found:
        inner = script(("danger", {}), ("greet", {}))
        await found.call_tool("run_prompt", {"prompt": script(("delegate", {"prompt": inner, "agent": "worker"}))})
    recorded = [record["tool"] for record in read_records(tmp_path / "audit") if record["event"] != "end"]
    assert (ran, recorded) == ([], ["run_prompt", "delegate", "danger", "greet"])
    assert not (tmp_path / "home/.local/state/toolyard/ledger").exists()


async def test_a_state_that_is_given_back_twice_runs_nothing(tmp_path: Path) -> None:
    yard = agent_yard(tmp_path)
    yes = {"approval": {"action": "accept", "content": {"approve": True}}}
    arguments = {"prompt": script(("launch", {"target": "moon"}))}
    with serving(yard) as server:
        async with line(yard, server, "a" * 32) as ann:
            state = (await call(ann, "ask_greeter", arguments))["result"]["requestState"]
            first = await call(ann, "ask_greeter", arguments, requestState=state, inputResponses=yes)
            again = await call(ann, "ask_greeter", arguments, requestState=state, inputResponses=yes)
    assert first["result"]["structuredContent"]["status"] == "completed"
    assert "belongs to no run that waits" in again["result"]["content"][0]["text"]
    assert lines(yard, "launched") == ["moon"]


async def test_an_agent_that_is_not_to_be_exposed_is_run_by_other_agents_alone() -> None:
    agents = [
        AgentConfig(name="front", role="coordinator", model="scripted", routes=["inner"], profile="unrestricted"),
        AgentConfig(name="inner", role="specialist", model="scripted", expose=False),
    ]
    runtime = mcp.create_mcp_runtime(agents=agents, ledger=NoLedger())
    async with Client(mcp.create_server(runtime)) as found:
        assert {listed.name for listed in (await found.list_tools()).tools} == {"run_prompt"}
        refused = await found.call_tool("run_prompt", {"prompt": "hi", "agent": "inner"})
        by_front = script(("delegate", {"prompt": "hi", "agent": "inner"}))
        answer = await found.call_tool("run_prompt", {"prompt": by_front})
    assert (refused.is_error, text_of(answer)) == (True, "hi")


async def test_where_no_depth_is_left_no_agent_is_run() -> None:
    profile = PermissionProfile.model_validate({"agents": "all", "limits": {"depth": 0}})
    agent = AgentConfig(name="a", role="specialist", model="scripted")
    runtime = mcp.create_mcp_runtime(agents=[agent], profile=profile, ledger=NoLedger())
    async with Client(mcp.create_server(runtime)) as found:
        assert "limits.depth is 0" in text_of(await found.call_tool("ask_a", {"prompt": "hi"}))
