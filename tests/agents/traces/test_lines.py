"""A trace is JSON that every reader can read, whatever models and tools put into a run."""

from __future__ import annotations

import json
import math
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.session.yard import TOOLS, Call, Turn, model_of
from toolyard import Agent, Runtime, ToolContext, tool
from toolyard.testing import FakeModel
from toolyard_agents.traces.lines import as_line

pytestmark = pytest.mark.anyio

CALL_EVENTS = {"tool_start", "tool_progress", "tool_end", "tool_blocked", "approval_required", "custom"}


def read(line: bytes) -> Any:
    """What a strict reader of JSON reads."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(line, parse_constant=refuse)


@tool
async def keep(data: dict[str, Any], ctx: ToolContext) -> dict[str, Any]:
    """Keep data, and tell of it."""
    await ctx.progress(1)
    await ctx.emit("kept", data)
    return {"kept": data, "also": [1, {"deep": math.nan}]}


@tool
async def odd(ctx: ToolContext) -> str:
    """Tell of what is no JSON."""
    await ctx.emit("odd", {"set": {1}, "bytes": b"\xff", "nan": math.inf, 3: "three"})  # type: ignore[dict-item]
    return "told"


async def traced(folder: Path, *turns: Turn) -> list[dict[str, Any]]:
    runtime = Runtime(trace_dir=folder)
    runtime.register_agent(Agent(name="a", model=model_of(*turns), tools=[keep, odd, *TOOLS]))
    result = await runtime.run("a", "half of \ud83d")
    raw = (folder / f"{result.trace_id}.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    lines = [read(line) for line in raw.splitlines()]
    assert [line["type"] for line in lines[1:]] == [event.type for event in result.events]
    replaying = Runtime(trace_dir=folder)
    replaying.register_agent(Agent(name="a", model=FakeModel(), tools=[keep, odd, *TOOLS]))
    assert (await replaying.replay(result.trace_id, "a")).text == result.text
    return lines


async def test_what_json_has_no_word_for_breaks_no_line(tmp_path: Path) -> None:
    arguments = '{"data": {"n": NaN, "line": "a\\nb\\u2028c", "list": [1, 2.5, null]}}'
    half = [("keep", '{"data": {"half": "\\ud83d"}}')]
    lines = await traced(tmp_path, [("keep", arguments)], half, [("odd", {})], "half of \ud83d")
    result, _ = [line for line in lines if line["type"] == "tool_end" and line["tool_name"] == "keep"]
    kept = {"n": None, "line": "a\nb\u2028c", "list": [1, 2.5, None]}
    assert result["tool_metadata"]["structured"]["kept"] == kept, "native JSON, as it is"
    assert result["tool_metadata"]["structured"]["also"] == [1, {"deep": None}]
    (told,) = [line for line in lines if line.get("content") == "odd"]
    assert told["tool_metadata"] == {"set": [1], "bytes": "_w==", "nan": None, "3": "three"}


async def test_every_line_of_a_call_has_its_id(tmp_path: Path) -> None:
    calls: list[Call] = [("keep", {"data": {}}), ("launch", {"target": "moon"}), ("fail", {"message": "no"})]
    lines = await traced(tmp_path, [*calls, ("nope", {}), ("double", "{x")], "done")
    of_calls = [line for line in lines if line["type"] in CALL_EVENTS]
    assert {line["type"] for line in of_calls} == CALL_EVENTS
    assert all(line["tool_call_id"] and line["tool_name"] for line in of_calls)
    (asked,) = [line["tool_metadata"]["tool_calls"] for line in lines if line["type"] == "api_call_complete"][:1]
    assert {line["tool_call_id"] for line in of_calls} == {call["id"] for call in asked}


async def test_a_folder_for_traces_is_its_owners_alone(tmp_path: Path) -> None:
    await traced(tmp_path / "above/traces", "done")
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("above", "above/traces")]
    assert modes == [0o700, 0o700]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=3), inner),
)


@given(value=ODD)
def test_any_value_is_one_line_that_a_strict_reader_reads(value: Any) -> None:
    line = as_line({"type": "custom", "value": value})
    assert line.count(b"\n") == 1
    assert read(line)["type"] == "custom"


def test_a_value_that_is_beyond_json_is_named() -> None:
    around: list[Any] = []
    around.append(around)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    line = read(as_line({"type": "custom", "lock": threading.Lock(), "around": around, "deep": deep, "big": 10**5000}))
    assert line["type"] == "custom"
    assert {line["around"], line["deep"]} == {"[list: it cannot be written as JSON]"}
    assert "lock: it cannot be written" in line["lock"]
