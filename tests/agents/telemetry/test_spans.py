"""Runs, model calls and tool calls are spans, as OpenTelemetry's conventions for generative AI name them."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from tests.agents.session.yard import CALLS, SAFE, TOOLS, Call, model_of, session_of
from tests.agents.telemetry.trees import failure, named, told, tree_of
from toolyard import (
    Agent,
    AgentEvent,
    ApprovalInterrupt,
    Budgets,
    CancellationToken,
    Graph,
    GraphPolicy,
    Session,
    SupervisorPolicy,
    ToolCall,
    create_runtime,
    define_coordinator,
    define_runtime,
    define_specialist,
    define_tenant,
    mcp,
    tool,
)
from toolyard.testing import FakeModel, NoLedger
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.errors import ModelUnavailable
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.usage import Usage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

ALL = PermissionProfile.model_validate({"profile": "all", "agents": "all", "approval": {"mode": "none"}})
USED = Usage(input_tokens=11, output_tokens=7, cached_tokens=5, reasoning_tokens=3, cost=0.25)
TWO = [("double", {"n": 1}), ("double", {"n": 2})]

ENDINGS: list[tuple[Call, str, str, str]] = [
    (("double", {"n": "x"}), "execute_tool double", "tool_error", "tool_error"),
    (("fail", {"message": "no"}), "execute_tool fail", "tool_error", "tool_error"),
    (("broken", {}), "execute_tool broken", "tool_error", "ZeroDivisionError"),
    (("slow", {}), "execute_tool slow", "timeout", "timeout"),
    (("launch", {"target": "moon"}), "execute_tool launch", "denied", "denied"),
    (("erase", {}), "execute_tool erase", "denied", "denied"),
    (("nobody knows me", {}), "execute_tool", "denied", "denied"),
]


async def test_questions_and_calls_are_children_of_their_run(spans: InMemorySpanExporter) -> None:
    await session_of(model_of(TWO, "done")).run("go")
    calls = ["  execute_tool double", "  execute_tool double"]
    assert tree_of(spans) == ["invoke_agent tester", "  chat fake", *calls, "  chat fake"]


async def test_a_span_says_who_did_what_and_what_it_took(spans: InMemorySpanExporter) -> None:
    model = FakeModel(name="gpt-x")
    model.add_tool_calls([("double", {"n": 1})], usage=USED)
    session = session_of(model, profile=ALL)
    session.telemetry = {"ours": 1}
    result = await session.run("go")
    conversation = {"gen_ai.conversation.id": session.state.session_id}
    model_of_it = {"gen_ai.provider.name": "_OTHER", "gen_ai.request.model": "gpt-x", **conversation}
    used = {
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "toolyard.cost": 0.25,
    }
    first, second = (span for span in spans.get_finished_spans() if span.name == "chat gpt-x")
    assert first.kind is SpanKind.CLIENT
    assert dict(first.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("tool_calls",),
        **model_of_it,
        **used,
    }
    assert failure(second) == "ModelError", "the script is used up"
    call = told(spans, "execute_tool double")
    assert call.pop("gen_ai.tool.call.id")
    assert call == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "double",
        "gen_ai.tool.type": "function",
        "toolyard.run_id": result.run_id,
        "toolyard.rule": "profile",
        "toolyard.status": "ok",
        **conversation,
    }
    assert told(spans, "invoke_agent tester") == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "tester",
        "toolyard.run_id": result.run_id,
        "toolyard.profile": "readonly",
        "toolyard.status": "error",
        "toolyard.stop_reason": "error",
        "error.type": "error",
        "toolyard.ours": 1,
        **model_of_it,
        **used,
    }


async def test_a_delegates_run_is_a_child_of_the_call_that_made_it(spans: InMemorySpanExporter) -> None:
    worker = Agent(name="worker", model=model_of(CALLS[:1], "2"), tools=TOOLS)
    task = {"prompt": "Double 1", "agent": "worker"}
    boss = Agent(name="boss", model=model_of([("delegate", task)], "2, says the worker"))
    enable_delegation(boss, {"worker": worker})
    await Session(boss, context=RunContext(caller=Caller(id="python", profile=ALL))).run("go")
    assert tree_of(spans) == [
        "invoke_agent boss",
        "  chat fake",
        "  execute_tool delegate",
        "    invoke_agent worker",
        "      chat fake",
        "      execute_tool double",
        "      chat fake",
        "  chat fake",
    ]


async def test_what_a_tool_does_is_below_its_call_and_calls_at_once_are_siblings(spans: InMemorySpanExporter) -> None:
    both = threading.Barrier(2, timeout=SAFE)

    def inner(name: str) -> str:
        both.wait()
        with trace.get_tracer("a tool").start_as_current_span(name):
            return name

    @tool
    def in_thread(name: str) -> str:
        """Work in a thread."""
        return inner(name)

    @tool
    async def on_loop(name: str) -> str:
        """Work on the loop."""
        return await asyncio.to_thread(inner, name)

    async with asyncio.timeout(SAFE):
        calls = [("in_thread", {"name": "one"}), ("on_loop", {"name": "two"})]
        await session_of(model_of(calls, "done"), tools=[in_thread, on_loop]).run("go")
    children = [["  execute_tool in_thread", "    one"], ["  execute_tool on_loop", "    two"]]
    assert tree_of(spans) == ["invoke_agent tester", "  chat fake", *children[0], *children[1], "  chat fake"]


@pytest.mark.parametrize(("call", "name", "status", "error"), ENDINGS)
async def test_a_call_that_did_not_go_well_says_how(
    spans: InMemorySpanExporter, call: Call, name: str, status: str, error: str
) -> None:
    @tool
    def broken() -> float:
        """Divide."""
        return 1 / 0

    @tool(timeout=0.01)
    async def slow() -> None:
        """Take for ever."""
        await asyncio.Event().wait()

    @tool(effects=["files.write"])
    def erase() -> None:
        """Erase."""

    readonly = PermissionProfile()
    await session_of(model_of([call], "done"), tools=[*TOOLS, broken, slow, erase], profile=readonly).run("go")
    assert told(spans, name)["toolyard.status"] == status
    assert failure(named(spans, name)) == error
    assert failure(named(spans, "invoke_agent tester")) is None


async def test_a_run_that_did_not_go_well_says_how(spans: InMemorySpanExporter) -> None:
    await session_of(model_of(ModelUnavailable("down"))).run("go")
    assert failure(named(spans, "chat fake")) == "ModelUnavailable"
    assert failure(named(spans, "invoke_agent tester")) == "error"


async def test_a_run_that_takes_too_long_cuts_off_what_is_under_way(spans: InMemorySpanExporter) -> None:
    agent = Agent(name="tester", model=model_of([("wait", {})]), tools=TOOLS)
    context = RunContext(caller=Caller(id="python", profile=ALL), bounds=Budgets(wall_time=0.2))
    async with asyncio.timeout(SAFE):
        await Session(agent, context=context).run("go")
    assert failure(named(spans, "execute_tool wait")) == "cancelled"
    assert failure(named(spans, "invoke_agent tester")) == "timeout"


async def test_a_run_that_waits_for_somebody_did_not_fail(spans: InMemorySpanExporter) -> None:
    def interrupt(name: str, arguments: object) -> bool:
        raise ApprovalInterrupt

    session = session_of(model_of([("launch", {"target": "moon"})], "done"))
    session.approval_callback = interrupt
    await session.run("go")
    assert told(spans, "invoke_agent tester")["toolyard.status"] == "interrupted"
    assert failure(named(spans, "invoke_agent tester")) is None


async def test_a_call_that_an_operator_is_asked_about_did_not_fail(spans: InMemorySpanExporter) -> None:
    profile = PermissionProfile.model_validate({"approval": {"on_ask": ["queue"]}})
    runtime = mcp.create_mcp_runtime(tools=TOOLS, ledger=NoLedger(), profile=profile)
    call = ToolCall(tool="launch", arguments={"target": "moon"})
    await runtime.gate("mcp").call(call, runtime.caller("python"))
    assert told(spans, "execute_tool launch")["toolyard.status"] == "approval_required"
    assert failure(named(spans, "execute_tool launch")) is None


@pytest.mark.parametrize("by_its_token", [True, False])
async def test_what_was_cancelled_says_so(spans: InMemorySpanExporter, *, by_its_token: bool) -> None:
    begun, token = asyncio.Event(), CancellationToken()
    session = session_of(model_of([("wait", {})]))

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            begun.set()

    async with asyncio.timeout(SAFE):
        run = asyncio.create_task(session.run("go", on_event=hear, token=token))
        await begun.wait()
        token.cancel("enough") if by_its_token else run.cancel()
        await asyncio.wait({run})
    for name in ("execute_tool wait", "invoke_agent tester"):
        assert failure(named(spans, name)) == told(spans, name)["toolyard.status"] == "cancelled"


async def test_agents_that_are_asked_at_once_are_siblings(spans: InMemorySpanExporter, tmp_path: Path) -> None:
    workers = [Agent(name=name, model=model_of("4"), tools=TOOLS) for name in ("ada", "bob")]
    tasks: list[Call] = [("delegate", {"agent": worker.name, "prompt": "2+2"}) for worker in workers]
    boss = Agent(
        name="boss", model=model_of(tasks, "both say 4"), tools=(), policy=SupervisorPolicy(workers), trace_dir=tmp_path
    )
    await boss.run("go")
    delegated = [["  execute_tool delegate", f"    invoke_agent {name}", "      chat fake"] for name in ("ada", "bob")]
    assert tree_of(spans) == ["invoke_agent boss", "  chat fake", *delegated[0], *delegated[1], "  chat fake"]


async def test_what_a_graph_does_is_below_its_run(spans: InMemorySpanExporter, tmp_path: Path) -> None:
    graph = Graph()
    graph.add_node("doubled", tool="double", arguments={"n": 2})
    graph.add_node("told", model=model_of("four"))
    graph.add_edge("doubled", "told")
    graph.set_exit("told")
    result = await Agent(name="g", model=FakeModel(), tools=TOOLS, policy=GraphPolicy(graph), trace_dir=tmp_path).run(
        "go"
    )
    assert result.text == "four"
    assert tree_of(spans) == ["invoke_agent g", "  execute_tool double", "  invoke_agent told", "    chat fake"]


async def test_a_query_of_a_runtime_is_one_tree(spans: InMemorySpanExporter) -> None:
    spec = define_runtime(
        tenant=define_tenant("acme", "v1"),
        agents=[
            define_coordinator("lead", model="gpt-x", prompt="Delegate.", routes=["clerk"]),
            define_specialist("clerk", model="gpt-x", prompt="Help."),
        ],
    )
    prompt = '{"tool": "delegate", "arguments": {"agent": "clerk", "prompt": "hello"}}'
    async with create_runtime(spec, interpreter="scripted") as runtime:
        async for _ in runtime.query(prompt, thread_id="t"):
            pass
    delegated = ["  execute_tool delegate", "    invoke_agent clerk", "      chat scripted"]
    assert tree_of(spans) == ["invoke_agent lead", "  chat scripted", *delegated, "  chat scripted"]
    assert told(spans, "invoke_agent clerk")["gen_ai.provider.name"] == "_OTHER"


async def test_a_call_that_a_program_makes_itself_is_a_span_below_the_programs_own(spans: InMemorySpanExporter) -> None:
    runtime = mcp.create_mcp_runtime(tools=TOOLS, ledger=NoLedger())
    with trace.get_tracer("a program").start_as_current_span("mine"):
        call = ToolCall(tool="double", arguments={"n": 2})
        await runtime.gate("mcp").call(call, runtime.caller("python"))
    assert tree_of(spans) == ["mine", "  execute_tool double"]
    assert told(spans, "execute_tool double")["gen_ai.tool.call.id"] == call.call_id


async def test_a_summary_is_a_question_too(spans: InMemorySpanExporter) -> None:
    session = session_of(model_of("one", "two", "what was said"))
    await session.run("first")
    await session.run("second")
    spans.clear()
    assert (await session.compact()).summary
    assert tree_of(spans) == ["chat fake"]
