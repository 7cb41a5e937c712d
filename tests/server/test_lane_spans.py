"""Where a tracer provider is installed, the SDK's server answers every request, and makes a span of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, stdio_client

from tests.server.yards import DEADLINE, ERAS, Yard, serving, write_yard

pytestmark = pytest.mark.anyio

TOOLS = '''
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from toolyard import tool

class Told(SpanExporter):
    def export(self, spans):
        with Path("spans").open("a") as file:
            file.writelines(f"{span.name}\\n" for span in spans)
        return SpanExportResult.SUCCESS

@tool
def echo(text: str) -> str:
    """Say it back."""
    return text

@tool
def trace_from_now_on() -> str:
    """Install a tracer provider."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Told()))
    trace.set_tracer_provider(provider)
    return "done"
'''


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS)


async def called(target: Any, era: str) -> None:
    async with Client(target, mode=era) as client:
        for name, arguments in (("echo", {"text": "untold"}), ("trace_from_now_on", {}), ("echo", {"text": "told"})):
            assert not (await client.call_tool(name, arguments)).is_error


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("over", ["stdio", "http"])
async def test_a_request_is_a_span_from_when_on_somebody_traces(yard: Yard, over: str, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        if over == "stdio":
            await called(stdio_client(yard.stdio()), era)
        else:
            with serving(yard) as server:
                await called(server.url, era)
    spans = (yard.root / "spans").read_text().splitlines()
    assert spans.count("tools/call echo") == 1, spans
