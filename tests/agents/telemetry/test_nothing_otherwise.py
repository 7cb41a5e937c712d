"""Where nobody hears of spans there are none, and what goes wrong with them harms nothing."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.agents.session.yard import CALLS, SAFE, TOOLS, model_of, session_of
from tests.agents.telemetry.trees import tree_of
from toolyard import Agent, AgentEvent, CancellationToken, Runtime, ToolError, tool
from toolyard_agents.errors import ModelError
from toolyard_agents.events import TERMINAL

pytestmark = pytest.mark.anyio

PROGRAM = """
import asyncio, json, sys
from toolyard import Agent, Session, ToolCall, mcp, tool

@tool
def double(n: int) -> int:
    "Double a number."
    return n * 2

async def main():
    agent = Agent(name="a", model="scripted", tools=[double])
    call = {"tool": "double", "arguments": {"n": 2}}
    assert (await Session(agent).run(json.dumps(call))).text == "4"
    runtime = mcp.create_mcp_runtime(tools=[double])
    assert (await runtime.gate("mcp").call(ToolCall(**call), runtime.caller("python"))).ok

asyncio.run(main())
print([name for name in sys.modules if "opentelemetry" in name or name.endswith("telemetry.adapter")])
"""


class Counting(SpanProcessor):
    """Which spans began, and which ended."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        assert span.context
        self.begun.append(span.context.span_id)

    def on_end(self, span: ReadableSpan) -> None:
        assert span.context
        self.ended.append(span.context.span_id)


class Broken(SpanProcessor):
    """Fails where it is told to."""

    def __init__(self, where: str) -> None:
        self._where = where

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        assert self._where != "on_start", "broken"

    def on_end(self, span: ReadableSpan) -> None:
        assert self._where != "on_end", "broken"


def test_a_program_without_a_provider_does_not_even_import_opentelemetry() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=True, stdout=subprocess.PIPE, text=True)
    assert ran.stdout == "[]\n"


async def test_a_provider_that_comes_late_hears_of_what_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    counting, provider = Counting(), TracerProvider()
    provider.add_span_processor(counting)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    session = session_of(model_of("one", "two", "three"))
    await session.run("first")
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())
    await session.run("second")
    assert not counting.begun
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    await session.run("third")
    assert len(counting.ended) == 2


async def test_a_run_that_is_played_again_makes_no_spans(spans: InMemorySpanExporter, tmp_path: Path) -> None:
    runtime = Runtime(trace_dir=tmp_path)
    runtime.register_agent(Agent(name="a", model=model_of(CALLS[:1], "done"), tools=TOOLS))
    result = await runtime.run("a", "go")
    seen = tree_of(spans)
    assert seen == ["invoke_agent a", "  chat fake", "  execute_tool double", "  chat fake"]
    assert (await runtime.replay(result.trace_id, "a")).text == "done"
    assert tree_of(spans) == seen


@pytest.mark.parametrize("where", ["on_start", "on_end"])
async def test_spans_that_fail_are_logged_and_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    provider = TracerProvider()
    provider.add_span_processor(Broken(where))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    with caplog.at_level(logging.ERROR):
        result = await session_of(model_of(CALLS[:1], "done")).run("go")
    assert (result.status, result.text) == ("completed", "done")
    assert caplog.text.count("the span is lost") == 4


async def test_nothing_that_was_said_is_in_a_span(spans: InMemorySpanExporter) -> None:
    @tool
    def break_(said: str) -> str:
        """Break."""
        raise ValueError(said)

    @tool
    def refuse(said: str) -> str:
        """Refuse."""
        raise ToolError(said)

    calls = [(name, {"said": "SECRET"}) for name in ("break_", "refuse", "echo", "SECRET")]
    calls += [("echo", {"SECRET": "SECRET"})]

    @tool
    def echo(said: str) -> str:
        """Say it back."""
        return said

    tools = [break_, refuse, echo]
    await session_of(model_of(calls, ModelError("SECRET")), tools=tools).run("SECRET")
    await session_of(model_of("SECRET")).run("SECRET")
    assert len(spans.get_finished_spans()) == 10
    assert not [span.name for span in spans.get_finished_spans() if "SECRET" in span.to_json()]


async def _cancelled_at(number: int) -> bool:
    """Whether the run had ended before its event of this number."""
    session, token = session_of(model_of([*CALLS[:1], *CALLS[:1]], "all done")), CancellationToken()

    async def hear(event: AgentEvent) -> None:
        if event.seq == number and event.type not in TERMINAL:
            token.cancel("at that moment")
            await asyncio.sleep(0)

    async with asyncio.timeout(SAFE):
        return (await session.run("go", on_event=hear, token=token)).status == "completed"


async def test_every_span_ends_once_whenever_its_run_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    counting, provider = Counting(), TracerProvider()
    provider.add_span_processor(counting)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    number = 0
    while not await _cancelled_at(number):
        number += 1
    assert number > 5
    assert len(counting.begun) > 10
    assert sorted(counting.begun) == sorted(counting.ended)
