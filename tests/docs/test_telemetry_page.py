"""Every block of docs/telemetry.md runs, and the spans are those that it promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest
from mcp import Client
from mcp_types import RequestParamsMeta

from tests.server.yards import DEADLINE, ERAS, Yard, serving, write_yard

pytestmark = pytest.mark.anyio

PAGE = (Path(__file__).parents[2] / "docs/telemetry.md").read_text()
PROGRAM, TOOLS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(CONFIG,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_there_is_no_other_kind_of_block() -> None:
    assert re.findall(r"^```(\w+)", PAGE, re.MULTILINE) == ["python", "python", "yaml"]


def test_the_program_prints_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-W", "error", "program.py"]
    ran = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)
    assert ran.stdout.splitlines() == re.findall(r"^# → (.*)$", PROGRAM, re.MULTILINE)


@asynccontextmanager
async def talking(yard: Yard, transport: str, era: str) -> AsyncGenerator[Client]:
    with anyio.fail_after(DEADLINE):
        if transport == "stdio":
            async with Client(yard.stdio(), mode=era) as client:
                yield client
            return
        with serving(yard) as server:
            async with Client(server.url, mode=era) as client:
                yield client


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_a_call_over_mcp_is_below_the_span_of_its_client(tmp_path: Path, transport: str, era: str) -> None:
    yard = write_yard(tmp_path, TOOLS, CONFIG)
    async with talking(yard, transport, era) as client:
        meta = cast("RequestParamsMeta", {"traceparent": f"00-{TRACE}-{CALLER}-01"})
        assert not (await client.call_tool("word_count", {"text": "two words"}, meta=meta)).is_error
    spans = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    by_id = {span["context"]["span_id"]: span for span in spans}
    (call,) = [span for span in spans if span["name"] == "execute_tool word_count"]
    request = by_id[call["parent_id"]]
    assert request["name"] == "tools/call word_count"
    assert request["parent_id"] == f"0x{CALLER}"
    assert call["context"]["trace_id"] == f"0x{TRACE}"
    assert call["attributes"]["toolyard.status"] == "ok"
