"""With redaction on, nothing that a process writes or tells holds what must not be told, wherever it came in."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.agents.hooks.corpus import ALL, SECRETS, leaks, nested
from tests.agents.hooks.pieces import Pieces
from tests.agents.session.yard import Turn, model_of, told
from toolyard import (
    Agent,
    AgentEvent,
    ApprovalGate,
    ApprovalInterrupt,
    Caller,
    PIIRedactionHook,
    PolicyHooks,
    RunResult,
    Runtime,
    Session,
    SessionStore,
    StorageSpec,
    ToolContext,
    ToolError,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    define_tool,
    enable_delegation,
    mcp,
    tool,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import ModelRefused
from toolyard_agents.models.model import ReasoningPiece, TextPiece
from toolyard_agents.session.run_context import RunContext
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.folders import state_folder
from toolyard_kernel.profiles.builtin import BUILT_IN

pytestmark = pytest.mark.anyio

REDACTED = PolicyHooks(pii_redaction=PIIRedactionHook())


@dataclass(slots=True)
class Desk:
    """Tools that do what a tool can do with a text, and what they were given."""

    given: list[str] = field(default_factory=list[str])

    def tools(self) -> list[Any]:
        @tool
        async def echo(ctx: ToolContext, text: str, more: dict[str, Any]) -> dict[str, Any]:
            """Say it in every way."""
            self.given.append(text)
            await ctx.progress(1, message=text)
            await ctx.emit("said", {text: [text, {"password": "hunter2word"}]})
            logging.getLogger("toolyard").warning("said %s", text)
            return {"text": text, "more": more}

        @tool
        async def refuse(text: str) -> str:
            """Refuse it."""
            raise ToolError(text)

        @tool
        def fall(text: str) -> str:
            """Fall over it, in a thread."""
            logging.getLogger("toolyard").error("falling over %r", text)
            raise KeyError(text)

        @tool(approval="always")
        async def ask(text: str) -> str:
            """Ask for it."""
            self.given.append(text)
            return text

        return [echo, refuse, fall, replace(ask, preview=_preview)]


def _preview(arguments: Any, ctx: ToolContext) -> str:
    return f"it would say {ALL}"


def calls_of(text: str) -> list[Any]:
    return [
        ("echo", {"text": text, "more": nested()}),
        ("refuse", {"text": text}),
        ("fall", {"text": text}),
        ("ask", {"text": text}),
        ("echo", {"text": 3, "other": text}),
        ("echo", f"no JSON: {text}"),
        (text, {"text": text}),
    ]


def written(folder: Path) -> dict[str, str]:
    """All files below a folder."""
    return {str(path): path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()}


def check_nothing_leaked(folder: Path, events: Sequence[Any], caplog: pytest.LogCaptureFixture) -> None:
    files = written(folder)
    assert files
    assert {path: found for path, text in files.items() if (found := leaks(text))} == {}
    said = [json.dumps(one.to_dict() if isinstance(one, AgentEvent) else one, default=str) for one in events]
    assert said
    assert {text[:200]: found for text in said if (found := leaks(text))} == {}
    assert leaks(caplog.text) == []


async def test_nothing_of_a_run_is_told_or_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter
) -> None:
    desk, heard = Desk(), list[AgentEvent]()
    helper = Agent(name="helper", model=model_of(ModelRefused(ALL)), tools=[])
    turns: list[Turn] = [calls_of(ALL), [("delegate", {"prompt": ALL, "agent": "helper"})], ALL]
    agent = Agent(name="a", model=model_of(*turns), tools=desk.tools())
    enable_delegation(agent, {"helper": helper})
    runtime = Runtime(trace_dir=tmp_path / "traces", policy_hooks=REDACTED)
    runtime.register_agent(agent)
    result = await runtime.run("a", ALL, on_event=heard.append)
    await runtime.close()
    assert (result.status, result.text, desk.given) == ("completed", ALL, [ALL, ALL])
    assert len(told(result.messages, "tool")) == 8
    assert result.messages[0].content == ALL
    assert leaks(result.messages[-1].content) == SECRETS
    check_nothing_leaked(tmp_path, [*result.events, *heard], caplog)
    assert "falling over" in caplog.text
    assert {"text", "tool_progress", "custom", "tool_blocked", "tool_end", "error"} <= {event.type for event in heard}
    assert leaks("".join(span.to_json() for span in spans.get_finished_spans())) == []


async def test_nothing_of_a_run_that_fails_is_told_or_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for error in (ModelRefused(ALL), ValueError(ALL)):
        model = Pieces([[TextPiece(ALL[:500]), ReasoningPiece(ALL), error]])
        agent = Agent(name="a", model=model, tools=[], policy_hooks=REDACTED, trace_dir=tmp_path / "traces")
        result = await agent.run("go")
        assert (result.status, result.text) == ("error", ALL[:500])
        assert leaks(result.reason) == []
        check_nothing_leaked(tmp_path, result.events, caplog)
        assert [event.type for event in result.events][-3:] == ["text", "reasoning", "error"]


async def test_nothing_that_a_callback_says_or_fails_of_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(name: str, arguments: dict[str, Any]) -> bool:
        raise ValueError(ALL)

    def listens(event: AgentEvent) -> None:
        raise ValueError(ALL)

    hooks = replace(REDACTED, approval_gate=ApprovalGate(required={"ask"}, callback=fails))
    agent = Agent(name="a", model=model_of(calls_of(ALL)[3:4], "x"), tools=Desk().tools(), policy_hooks=hooks)
    session = Session(agent)
    result = await session.run("go", on_event=listens)
    check_nothing_leaked(tmp_path, result.events, caplog)


async def test_nothing_of_a_query_is_kept_nor_of_what_is_said_with_an_approval(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    spec = define_runtime(
        tenant=define_tenant("acme", "v1"),
        storage=StorageSpec(kind="sqlite", path=str(tmp_path / "kept.db")),
        agents=[define_specialist("a", prompt="Do.", tools=desk.tools())],
    )
    model = model_of(calls_of(ALL), ALL, "again")
    async with create_runtime(spec, interpreter=model, policy_hooks=REDACTED) as runtime:
        events = list[dict[str, Any]]()
        async for event in runtime.run_specialist("a", ALL, "t1"):
            events.append(event)
            if "approval_id" in event:
                pending = await runtime.pending_approvals()
                assert leaks(json.dumps(pending)) == []
                await runtime.respond_to_approval(event["approval_id"], "approve", ALL)
        assert (events[-1]["type"], desk.given) == ("turn_complete", [ALL, ALL])
        events += [event async for event in runtime.run_specialist("a", "and?", "t1", resume=None)]
        events += [event async for event in runtime.run_specialist("a", "", "t1", resume=0)]
        said = [message.content for message in model.requests[-1].messages]
        assert leaks("".join(said)) == [], "who goes on from what was kept goes on from what was redacted"
    check_nothing_leaked(tmp_path, events, caplog)


async def test_nothing_is_recorded_of_what_comes_over_mcp(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    runtime = Runtime(trace_dir=tmp_path / "traces", policy_hooks=REDACTED)
    runtime.register_agent(Agent(name="a", model=model_of("fine"), tools=desk.tools()))
    async with Client(mcp.create_server(runtime, agent="a")) as client:
        result = await client.call_tool("echo", {"text": ALL, "more": {}})
        assert leaks(str(result.structured_content)) == leaks(str({"text": ALL})), "the caller has its answer"
        await client.call_tool("refuse", {"text": ALL})
    async with Client(mcp.create_server(runtime, agent="mcp")) as client:
        await client.call_tool("run_prompt", {"prompt": ALL})
    await runtime.close()
    check_nothing_leaked(tmp_path, ["-"], caplog)
    assert desk.given == [ALL]


async def test_an_operator_reads_what_is_redacted_and_the_tool_gets_what_was_meant(tmp_path: Path) -> None:
    desk = Desk()
    profile = BUILT_IN["readonly"]
    approval = profile.approval.model_copy(update={"on_ask": ("queue",)})
    caller = Caller(id="python", profile=profile.model_copy(update={"approval": approval}))
    more = {"text": f"{ALL}!"}
    for edited in (None, {"text": "else"}):
        desk.given.clear()
        model = model_of([("ask", more)], [("ask", more)], "x")
        agent = Agent(name="a", model=model, tools=desk.tools(), policy_hooks=REDACTED)
        agent.profile = caller.profile

        def approve(event: AgentEvent, edited: Any = edited) -> None:
            if event.type == "tool_blocked":
                (one,) = [one for one in Approvals(state_folder()).all() if one.state == "pending"]
                assert leaks(json.dumps([one.arguments, one.preview, one.reason])) == []
                Approvals(state_folder()).decide(one.id, approved=True, arguments=edited or one.arguments)

        session = Session(agent, context=RunContext(caller=caller))
        await session.run("go", on_event=approve)
        assert desk.given == [edited["text"] if edited else more["text"]]
    assert {path for path, text in written(tmp_path).items() if leaks(text)} == set()


async def test_a_stored_session_keeps_nothing_and_goes_on(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions")
    desk = Desk()
    agent = Agent(name="a", model=model_of(calls_of(ALL)[:1], ALL), tools=desk.tools(), policy_hooks=REDACTED)
    session = store.create_session(agent)
    await session.run(ALL)
    assert desk.given == [ALL]
    assert {path for path, text in written(tmp_path).items() if leaks(text)} == set()
    session.state.to_jsonl(tmp_path / "state.jsonl")
    assert leaks((tmp_path / "state.jsonl").read_text()) == []


async def test_a_call_whose_arguments_were_redacted_is_not_made_from_what_was_kept(tmp_path: Path) -> None:
    def wait(name: str, arguments: dict[str, Any]) -> bool:
        raise ApprovalInterrupt("wait")

    @define_tool(name="anything", description="Take anything.", input_schema={"type": "object"})
    async def anything(args: dict[str, Any], ctx: ToolContext) -> str:
        desk.given.append(str(args))
        return "taken"

    store, desk = SessionStore(tmp_path / "sessions"), Desk()
    hooks = replace(REDACTED, approval_gate=ApprovalGate(required={"anything", "ask"}, callback=wait))
    tools = [anything, *desk.tools()]
    agent = Agent(name="a", model=model_of([("anything", TO_TEXT)], "x"), tools=tools, policy_hooks=hooks)
    session = store.create_session(agent)
    assert (await session.run("go")).status == "interrupted"
    again = store.resume(session.state.session_id, agent)
    (call,) = again.state.pending()
    result = await again.resume({call.id: True})
    assert (result.text, desk.given) == ("x", [])
    assert "redacted" in told(result.messages, "tool")[0]

    agent = Agent(name="a", model=model_of([("ask", TO_TEXT)], "x"), tools=tools, policy_hooks=hooks)
    session = Session(agent)
    await session.run("go")
    (call,) = session.state.pending()
    await session.resume({call.id: True})
    assert desk.given == ["bob@acme.test"], "this process still knows them"


TO_TEXT = {"text": "bob@acme.test"}


async def test_a_model_sees_what_was_said_unless_it_must_not(tmp_path: Path) -> None:
    for hidden in (False, True):
        desk = Desk()
        model = model_of(calls_of(ALL)[:1], ALL)
        hooks = PolicyHooks(pii_redaction=PIIRedactionHook(redact_model_input=hidden))
        agent = Agent(name="a", model=model, tools=desk.tools(), policy_hooks=hooks, trace_dir=tmp_path)
        result = await agent.run(ALL)
        seen = json.dumps([message.to_dict() for request in model.requests for message in request.messages])
        assert (leaks(seen) == []) is hidden
        assert desk.given == [ALL]
        assert result.messages[0].content == ALL


async def test_both_redactions_hold_and_those_of_an_asker_for_its_delegate(tmp_path: Path) -> None:
    emails = PIIRedactionHook(redact_secrets=False, redact_phones=False, redact_ip=False)
    names = PIIRedactionHook(also=[lambda text: text.replace("Bob", "[NAME]")])
    helper = Agent(name="helper", model=model_of("I am Bob, bob@acme.test"), tools=[])
    turns: list[Turn] = [[("delegate", {"prompt": "Bob bob@acme.test", "agent": "helper"})], "done"]
    boss = Agent(name="boss", model=model_of(*turns), tools=[], policy_hooks=PolicyHooks(pii_redaction=names))
    enable_delegation(boss, {"helper": helper})
    runtime = Runtime(trace_dir=tmp_path / "traces", policy_hooks=PolicyHooks(pii_redaction=emails))
    runtime.register_agent(boss)
    await runtime.run("boss", "Ask Bob at bob@acme.test")
    await runtime.close()
    text = "".join(written(tmp_path).values())
    assert ("Bob" in text, "bob@" in text, "[NAME]" in text, "[EMAIL]" in text) == (False, False, True, True)


async def test_a_redacted_trace_is_played_again_and_asks_no_gate(tmp_path: Path) -> None:
    asked: list[str] = []

    def yes(name: str, arguments: dict[str, Any]) -> bool:
        asked.append(name)
        return True

    def runtime_of(model: FakeModel) -> Runtime:
        runtime = Runtime(trace_dir=tmp_path)
        hooks = replace(REDACTED, approval_gate=ApprovalGate(required={"echo"}, callback=yes))
        runtime.register_agent(Agent(name="a", model=model, tools=Desk().tools(), policy_hooks=hooks))
        return runtime

    result: RunResult = await runtime_of(model_of(calls_of("bob@acme.test"), "Mail bob@acme.test")).run("a", "go")
    replay = await runtime_of(model_of()).replay(result.trace_id, "a")
    assert (replay.text, replay.status, asked) == ("Mail [EMAIL]", "completed", ["echo"])


async def test_a_log_record_that_cannot_be_written_tells_nothing_and_harms_no_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @tool
    async def miscount() -> str:
        """Log a text as a number."""
        logging.getLogger("toolyard").warning("%d mails", ALL)
        return "done"

    agent = Agent(name="a", model=model_of([("miscount", {})], "x"), tools=[miscount], policy_hooks=REDACTED)
    result = await Session(agent).run("go")
    assert told(result.messages, "tool") == ["done"]
    assert leaks(caplog.text) == []


async def test_logs_outside_of_a_run_are_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    agent = Agent(name="a", model=model_of("x"), tools=[], policy_hooks=REDACTED)
    await Session(agent).run("go")
    logging.getLogger("toolyard").warning("mail %s", "bob@acme.test")
    assert "mail bob@acme.test" in caplog.text
