"""A trace is data that anybody may have written: whatever is in it, it is played, or said to be damaged."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.session.yard import SAFE, TOOLS, model_of
from toolyard import Agent, Graph, GraphPolicy, Runtime
from toolyard.testing import FakeModel
from toolyard_agents.errors import TraceError

pytestmark = pytest.mark.anyio

PLACES = ("seq", "v")
"""What is checked when the file is read."""
GONE = "gone"
OURS = re.compile(r"\w+(Error|Group): ")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["tool_calls", "status", "node", "visit", "branch", "began", "inputs", "x"]), inner
        )
    ),
    max_leaves=5,
)


def runtime_of(folder: Path) -> Runtime:
    graph = Graph()
    graph.add_node("a", lambda state: {"n": 2})
    graph.add_node("double", tool="double")
    graph.add_branch("a", lambda state: "on", {"on": "double"})
    graph.set_exit("double")
    runtime = Runtime(trace_dir=folder)
    runtime.register_agent(Agent(name="react", model=model_of([("double", {"n": 2})], "done"), tools=TOOLS))
    runtime.register_agent(Agent(name="graph", model=FakeModel(), tools=TOOLS, policy=GraphPolicy(graph)))
    return runtime


def lines_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 99), st.integers(0, 99), JSON | st.just(GONE))
@pytest.mark.parametrize("name", ["react", "graph"])
async def test_a_trace_with_something_else_in_it_is_played_or_said_to_be_damaged(
    tmp_path: Path, name: str, at: int, which: int, value: Any
) -> None:
    runtime = runtime_of(tmp_path)
    path = tmp_path / f"{(await runtime.run(name, 'go')).trace_id}.jsonl"
    lines = lines_in(path)
    line = lines[at % len(lines)]
    keys = sorted(set(line).difference(PLACES))
    line[keys[which % len(keys)]] = value
    if value == GONE:
        del line[keys[which % len(keys)]]
    write(path, lines)
    async with asyncio.timeout(SAFE):
        with suppress(TraceError):
            result = await runtime.replay(path.stem, name)
            assert not OURS.match(result.reason), "an error of the program's own is told as the end of the run"
    path.unlink()


@pytest.mark.parametrize(
    ("type", "key", "value", "said"),
    [
        ("trace", "tools", None, "line 1, is damaged: tools:"),
        ("trace", "policy", "react", "line 1, is damaged: policy:"),
        ("agent_start", "run_id", None, "line 2, is damaged: run_id:"),
        ("text", "content", [], "is damaged: content:"),
        ("tool_start", "tool_call_id", [], "is damaged: tool_call_id:"),
        ("tool_end", "tool_metadata", {"status": "well"}, "is damaged: tool_metadata.status:"),
        ("api_call_complete", "tool_metadata", {"tool_calls": 5}, "is damaged: tool_metadata.tool_calls:"),
        ("api_call_complete", "usage", {"input_tokens": -1}, "is damaged: usage.input_tokens:"),
        ("turn_complete", "type", [], "is damaged: type:"),
    ],
)
async def test_what_is_damaged_is_named(tmp_path: Path, type: str, key: str, value: Any, said: str) -> None:
    runtime = runtime_of(tmp_path)
    path = tmp_path / f"{(await runtime.run('react', 'go')).trace_id}.jsonl"
    lines = lines_in(path)
    next(line for line in lines if line["type"] == type)[key] = value
    write(path, lines)
    with pytest.raises(TraceError) as raised:
        await runtime.replay(path.stem, "react")
    assert said in str(raised.value)
