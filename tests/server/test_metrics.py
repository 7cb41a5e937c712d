"""`/metrics` says how many calls ended how; nobody is told who did not ask the server to, or may not come in."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import anyio
import pytest

from tests.server.raw_http import Answer, begun, exchange, post_modern
from tests.server.worker_processes import TWO, stopped, workers_of
from tests.server.yards import DEADLINE, Yard, serving, until, write_yard

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from toolyard import ToolContext, ToolError, tool

@tool
async def greet() -> str:
    """Greet."""
    return "hello"

@tool
def fail() -> str:
    """Fail."""
    raise ToolError("out of paper")

@tool(effects=["network"])
def fetch() -> str:
    """Not for everybody."""
    return ""

@tool
async def wait(ctx: ToolContext) -> str:
    """Wait for ever."""
    await ctx.progress(1)
    await asyncio.Event().wait()
    return ""
'''
CONFIG = "python: [my_tools]\nhttp: {metrics: true, drain: 100ms}\n"
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)+)\})? ([0-9.e+-]+)')


def scraped(port: int, *headers: tuple[str, str], method: str = "GET") -> Answer:
    return exchange(port, f"{method} /metrics HTTP/1.1", (("Host", "localhost"), *headers))


def samples(port: int) -> dict[str, float]:
    """What is said, each line read as Prometheus does."""
    answer = scraped(port)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = [line for line in answer.body.splitlines() if not line.startswith("#")]
    found = [SAMPLE.fullmatch(line) for line in lines]
    assert all(found), lines
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def call(port: int, tool: str) -> None:
    assert post_modern(port, "tools/call", {"name": tool, "arguments": {}}).status in (200, 400)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return write_yard(tmp_path, TOOLS, CONFIG)


def test_calls_are_counted_by_tool_and_outcome_and_by_how_long_they_ran(yard: Yard) -> None:
    with serving(yard) as server:
        for tool in ("greet", "greet", "fail", "fetch", "made_up", "made_up_too"):
            call(server.port, tool)
        told = samples(server.port)
        with begun(server.port, "wait"):
            assert samples(server.port)["toolyard_calls_under_way"] == 1
    calls = {name: count for name, count in told.items() if name.startswith("toolyard_calls_total")}
    assert calls == {
        'toolyard_calls_total{tool="greet",outcome="ok"}': 2,
        'toolyard_calls_total{tool="fail",outcome="tool_error"}': 1,
        'toolyard_calls_total{tool="",outcome="denied"}': 3,  # a hidden tool is none to whoever counts
    }
    assert told["toolyard_calls_under_way"] == 0
    buckets = [count for name, count in told.items() if "_bucket" in name]
    assert buckets == sorted(buckets)
    assert buckets[-1] == told["toolyard_call_duration_seconds_count"] == 3
    assert told["toolyard_call_duration_seconds_sum"] > 0


def test_only_a_server_that_was_told_to_answers(yard: Yard) -> None:
    yard.write("toolyard.yaml", "python: [my_tools]\n")
    with serving(yard) as server:
        assert scraped(server.port).status == 404
    with serving(yard, "--metrics") as server:
        assert scraped(server.port).status == 200
        assert scraped(server.port, ("Content-Length", "0"), method="POST").status == 405


def test_the_guard_stands_before_the_metrics_too(yard: Yard) -> None:
    yard.write("toolyard.yaml", CONFIG + "auth: {tokens: [{id: ci, env: TOKEN}]}\n")
    with serving(yard, env={"TOKEN": "secret"}) as server:
        assert scraped(server.port).status == 401
        shown = ("Authorization", "Bearer secret")
        assert scraped(server.port, shown).status == 200
        assert scraped(server.port, shown, ("Origin", "https://evil.test")).status == 403
        assert exchange(server.port, "GET /metrics HTTP/1.1", (("Host", "evil.test"), shown)).status == 421


def test_mcp_and_the_metrics_have_a_path_each(yard: Yard) -> None:
    yard.write("toolyard.yaml", CONFIG.replace("metrics: true", "metrics: true, path: /metrics"))
    done = yard.run("serve", yard.config, "--transport", "streamable-http", "--port", "0")
    assert (done.code, done.err) == (
        2,
        "toolyard: /metrics is where the metrics are: choose another path than /metrics for MCP\n",
    )


async def test_any_worker_tells_for_all_of_them_also_for_one_that_ended(yard: Yard) -> None:
    with anyio.fail_after(DEADLINE), serving(yard, *TWO) as server:
        first, second = workers_of(server)
        for silent in (first, second):
            with stopped(silent):
                call(server.port, "greet")
        greeted = 'toolyard_calls_total{tool="greet",outcome="ok"}'

        def told_without(silent: int) -> float | None:
            with stopped(silent):
                return samples(server.port).get(greeted)

        await until(lambda: [told_without(first), told_without(second)] == [2, 2])
        os.kill(first, signal.SIGKILL)
        await until(lambda: "is replaced" in server.log and len(workers_of(server)) == 2)
        await until(lambda: samples(server.port).get(greeted) == 2)
    folder = Path(yard.env["XDG_STATE_HOME"]) / "toolyard/metrics"
    assert not list(folder.iterdir())


async def test_what_a_killed_server_counted_is_removed_by_the_next_one_and_of_a_living_one_nothing(yard: Yard) -> None:
    folder = Path(yard.env["XDG_STATE_HOME"]) / "toolyard/metrics"
    with anyio.fail_after(2 * DEADLINE), serving(yard, *TWO) as living:
        with serving(yard, *TWO) as killed:
            await until(lambda: len(list(folder.glob(f"{killed.process.pid}/[0-9]*"))) == 2)
            killed.process.kill()
            killed.process.wait()
        with serving(yard, *TWO) as following:
            left = {each.name for each in folder.iterdir()}
            assert left == {str(living.process.pid), str(following.process.pid)}
            assert samples(living.port)["toolyard_calls_under_way"] == 0
