"""The lane over stdio answers as the SDK's server does: the same messages, the same records, in whatever order.

What differs, and why: nothing but the bytes in which the same JSON is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.server.json_rpc_corpus import META, raw, values, written
from tests.server.lane_talks import INITIALIZED, Heard, conversation, greeting
from tests.server.test_lane_http import ABOUT, DECLARED, META_MORE, REQUESTS, modern

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHAKEN = [written(greeting()), INITIALIZED]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


def bare(method: str, params: Any, id: Any = 1) -> bytes:
    return written({"jsonrpc": "2.0", "id": id, "method": method, "params": params})


def assert_same(runner: asyncio.Runner, *lines: bytes) -> Heard:
    lane = runner.run(conversation(list(lines), lane=True))
    sdk = runner.run(conversation(list(lines), lane=False))
    assert lane == sdk
    return lane


def test_every_request_is_answered_alike_in_a_conversation_of_each_era(runner: asyncio.Runner) -> None:
    numbered = list(enumerate(REQUESTS))
    assert_same(runner, *SHAKEN, *(bare(method, params, number) for number, (method, params) in numbered))
    assert_same(runner, *(written({**modern(method, params), "id": number}) for number, (method, params) in numbered))


@pytest.mark.parametrize(("method", "params"), REQUESTS)
def test_whatever_opens_a_conversation_is_answered_alike_and_so_is_what_follows(
    runner: asyncio.Runner, method: str, params: dict[str, Any]
) -> None:
    more = [bare("tools/call", {"name": "echo"}, 2), written({**modern("tools/call", {"name": "echo"}), "id": 3})]
    assert_same(runner, written(modern(method, params)), *more, written(greeting()))
    assert_same(runner, bare(method, params), *more, written(greeting()))
    assert_same(runner, INITIALIZED, bare(method, params), *more)


GREETINGS: list[dict[str, Any]] = [
    *({"capabilities": declared} for declared in DECLARED),
    *({"protocolVersion": version} for version in ("2024-11-05", "2025-03-26", "2026-07-28", "", 1, None)),
    *({"clientInfo": about} for about in ABOUT),
    {"_meta": {}},
    {"_meta": META},
    {"more": 1},
]


@pytest.mark.parametrize("more", GREETINGS)
def test_whatever_a_client_greets_with_it_is_answered_alike(runner: asyncio.Runner, more: dict[str, Any]) -> None:
    calls = [bare("tools/call", {"name": name}, name) for name in ("echo", "look", "more")]
    assert_same(runner, written(greeting(**more)), INITIALIZED, *calls, bare("tools/list", {}, "list"))
    assert_same(runner, written(greeting(**more)), *calls, written(greeting()), bare("ping", {}))


@pytest.mark.parametrize("token", [1, "t", True, None, 1.5])
def test_a_request_with_a_progress_token_is_answered_alike(runner: asyncio.Runner, token: Any) -> None:
    for name in ("echo", "look", "mixed"):
        assert_same(runner, *SHAKEN, bare("tools/call", {"name": name, "_meta": {"progressToken": token}}))
        assert_same(runner, written(modern("tools/call", {"name": name}, progressToken=token)))


def test_whatever_else_is_in_an_envelope_it_is_answered_alike(runner: asyncio.Runner) -> None:
    for more in META_MORE:
        assert_same(runner, *SHAKEN, bare("tools/call", {"name": "echo", "_meta": more}))
        assert_same(runner, written(modern("tools/call", {"name": "echo"}, **more)))


def test_calls_that_share_an_id_and_need_input_are_each_made_once(runner: asyncio.Runner) -> None:
    heard = assert_same(runner, *[written(modern("tools/call", {"name": "more"}))] * 2)
    assert len([record for record in heard.records if '"event": "start"' in record]) == 2


def _is_deterministic(line: bytes) -> bool:
    """A cancellation that comes right behind its call may or may not be in time."""
    return not any(part in line for part in (b"\n", b"\r", b"cancelled"))


lines: st.SearchStrategy[list[bytes]] = st.lists(raw.filter(_is_deterministic), max_size=5)


@EXAMPLES
@given(opening=st.sampled_from([SHAKEN, [written(modern("server/discover", {}))], []]), more=lines)
@example(opening=[], more=[b""])
@example(opening=SHAKEN, more=[b"x" * (4 * 1024 * 1024 + 10)])
@example(opening=SHAKEN, more=[b" " * (4 * 1024 * 1024 - 200) + bare("ping", {})])
def test_any_lines_are_answered_alike(runner: asyncio.Runner, opening: list[bytes], more: list[bytes]) -> None:
    assert_same(runner, *opening, *more)


@EXAMPLES
@given(name=st.sampled_from(["echo", "text", "count", "told"]), value=values)
def test_any_argument_is_answered_alike(runner: asyncio.Runner, name: str, value: Any) -> None:
    field = {"count": "words", "told": "word"}.get(name, "value")
    params: dict[str, Any] = {"name": name, "arguments": {field: value}}
    assert_same(runner, *SHAKEN, bare("tools/call", params))
    assert_same(runner, written(modern("tools/call", params)))
