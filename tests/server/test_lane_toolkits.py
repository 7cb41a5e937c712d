"""Calls of the built-in toolkits are made in the lane, and answered there as the SDK's server answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.server.json_rpc_corpus import written
from tests.server.lane_pair import Pair, RuntimeOf, Side, pair, settled
from tests.server.lane_talks import INITIALIZED, conversation, greeting
from tests.server.lane_toolkits import CALLS, fill, runtime_over
from tests.server.raw_http import Headers, modern_headers
from tests.server.test_lane_http import IN_SESSION, assert_same, modern
from tests.server.yards import DEADLINE
from toolyard.mcp.callers import Counter
from toolyard.mcp.lane.plain_calls import PlainCalls
from toolyard.testing import MemoryLedger
from toolyard_kernel.calls import running

WRITING = frozenset({"write", "edit", "sql_export"})
SLEEPS = {"name": "bash", "arguments": {"command": "sleep 60"}}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> RuntimeOf:
    root = tmp_path_factory.mktemp("root")
    fill(root)
    return partial(runtime_over, root)


@pytest.fixture(scope="module")
def servers(make: RuntimeOf) -> Iterator[Pair]:
    with pair(make) as both:
        yield both


def bare(params: dict[str, Any], id: int = 1) -> bytes:
    return written({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})


@pytest.mark.parametrize("params", CALLS, ids=lambda params: params["name"])
def test_a_call_of_a_toolkit_is_answered_alike_in_both_eras(servers: Pair, params: dict[str, Any]) -> None:
    assert_same(servers, written(modern("tools/call", params)), *modern_headers("tools/call", params["name"]))
    assert_same(servers, bare(params), *IN_SESSION)


def test_a_call_of_a_toolkit_is_answered_alike_over_stdio(make: RuntimeOf) -> None:
    reads = [call for call in CALLS if call["name"] not in WRITING]
    writes = [[call] for call in CALLS if call["name"] in WRITING]  # a conversation each: all calls of one run at once
    with asyncio.Runner() as runner:
        for calls in (reads, *writes):
            shaken = [written(greeting()), INITIALIZED, *(bare(params, id) for id, params in enumerate(calls))]
            enveloped = [written({**modern("tools/call", params), "id": id}) for id, params in enumerate(calls)]
            for lines in (shaken, enveloped):
                lane, sdk = (runner.run(conversation(lines, lane=lane, make=make)) for lane in (True, False))
                assert lane == sdk


def test_no_call_of_a_toolkit_leaves_the_lane(servers: Pair, make: RuntimeOf) -> None:
    """Else this module would compare the SDK's server with itself, which answers with an event in a session."""
    counter = Counter(runtime=make(MemoryLedger()), agent="mcp", caller="python")
    plain = PlainCalls(counter)
    assert {call["name"]: plain.of(call["name"], counter.local).plain for call in CALLS} == dict.fromkeys(
        [call["name"] for call in CALLS], True
    )
    for side, kind in ((servers.lane, "application/json"), (servers.sdk, "text/event-stream")):
        found, _ = servers.runner.run(side.raw(bare(CALLS[0]), (("Mcp-Session-Id", side.session),)))
        assert found["content-type"] == kind


def sides(servers: Pair) -> tuple[Side, Side]:
    return servers.lane, servers.sdk


@pytest.mark.parametrize("session", [(), IN_SESSION], ids=["modern", "handshake"])
def test_progress_of_a_toolkit_s_call_is_told_alike(
    servers: Pair, monkeypatch: pytest.MonkeyPatch, session: Headers
) -> None:
    monkeypatch.setattr(running, "LOOK", 0.05)
    call = {"name": "bash", "arguments": {"command": "sleep 0.5"}}
    body = (
        bare({**call, "_meta": {"progressToken": "p"}})
        if session
        else written(modern("tools/call", call, progressToken="p"))
    )
    for said in servers.both(body, *(session or modern_headers("tools/call", "bash"))):
        *reports, answer = said.messages
        assert {(report["method"], report["params"]["progressToken"]) for report in reports} == {
            ("notifications/progress", "p")
        }
        assert answer["result"]["structuredContent"]["exit_code"] == 0


def test_a_toolkit_s_call_is_cancelled_alike_in_a_session(servers: Pair) -> None:
    async def cancelled(side: Side) -> tuple[Any, list[Any]]:
        before, session = len(side.ledger.records), (("Mcp-Session-Id", side.session),)
        call = asyncio.create_task(side.raw(bare(SLEEPS, 7), session))
        await started(side, before)
        await side.raw(
            written({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}), session
        )
        _, answer = await call
        line = next(line for line in answer.decode().splitlines() if "{" in line)
        return json.loads(line.removeprefix("data: ")), [settled(record) for record in side.ledger.records[before:]]

    lane, sdk = (servers.runner.run(cancelled(side)) for side in sides(servers))
    assert lane == sdk
    assert lane[1][-1]["status"] == "cancelled"


def test_a_toolkit_s_call_ends_alike_with_its_client_on_2026_07_28(servers: Pair) -> None:
    async def left(side: Side) -> tuple[dict[str, str], list[Any]]:
        before, gone = len(side.ledger.records), asyncio.Event()
        body, headers = written(modern("tools/call", SLEEPS)), modern_headers("tools/call", "bash")
        call = asyncio.create_task(side.raw(body, headers, gone=gone))
        await started(side, before)
        gone.set()
        answered, _ = await call
        return answered, [settled(record) for record in side.ledger.records[before:]]

    lane, sdk = (servers.runner.run(left(side)) for side in sides(servers))
    assert lane == sdk
    assert lane[1][-1]["status"] == "cancelled"


async def started(side: Side, before: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while len(side.ledger.records) == before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
