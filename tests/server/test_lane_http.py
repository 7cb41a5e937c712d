"""The lane over HTTP answers as the SDK's server does: same status, same headers, same JSON, same records.

What differs, and why:

- In a session of the handshake era the SDK answers with a stream of one event, and the lane with JSON: every client
  must take both, and a stream is only needed by a call that tells something before its answer.
- JSON is UTF-8, and its members come in another order; the SDK escapes what is not ASCII on 2026-07-28.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.server.json_rpc_corpus import HANDSHAKE, META, headers, raw, scalars, values, written
from tests.server.lane_pair import Pair, Said, pair
from tests.server.raw_http import Headers, modern_headers
from tests.server.yards import MODERN

EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
INFO = {"name": "test", "version": "1"}
IN_SESSION: Headers = (("Mcp-Session-Id", "the session"), ("MCP-Protocol-Version", HANDSHAKE))

CALLS: list[dict[str, Any]] = [
    {"name": "echo", "arguments": {"value": "é \u2028 \U0001f600 \x00"}},
    {"name": "echo", "arguments": {"value": [1, -0.0, 1e300, 10**30, -(2**63), None, True, {"a": {}}]}},
    {"name": "echo"},
    {"name": "echo", "arguments": None},
    {"name": "echo", "arguments": {}},
    {"name": "echo", "arguments": {"vlaue": 1}},
    {"name": "text", "arguments": {"value": "é"}},
    {"name": "text", "arguments": {"value": 1}},
    {"name": "told", "arguments": {"word": "w", "count": 2}},
    {"name": "told", "arguments": {}},
    {"name": "look", "arguments": {"value": 3}},
    {"name": "act", "arguments": {"text": "t"}},
    {"name": "sometimes"},
    {"name": "hidden"},
    {"name": "fetch", "arguments": {"url": "u"}},
    {"name": "nothing"},
    {"name": "no\u00e9"},
    {"name": "fail"},
    *({"name": "fail", "arguments": {"how": how}} for how in ("protocol", "protocol known", "é")),
    {"name": "mixed", "arguments": {"times": 2}},
    {"name": "refused"},
    {"name": "more"},
    {"name": "long"},
    {"name": "late"},
    {"name": "keep", "arguments": {"key": "hush"}},
    {"name": "keep", "arguments": {"key": 7}},
    {"name": "deploy", "arguments": {"region": "eu"}},
    {"name": "deploy"},
    {"name": "count", "arguments": {"words": ["a", "a"]}},
    {"name": "count", "arguments": {"words": "a"}},
]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    *(("tools/call", params) for params in CALLS),
    ("tools/list", {}),
    ("tools/list", {"cursor": None}),
    ("tools/list", {"cursor": ""}),
    ("tools/list", {"cursor": "ZWNobw=="}),
    ("tools/list", {"cursor": 1}),
    ("server/discover", {}),
    ("ping", {}),
    ("prompts/list", {}),
    ("resources/list", {}),
    ("no/such", {}),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with pair() as both:
        yield both


def told(said: Said) -> str:
    """Everything of an answer, in an order of its own; NaN is equal to itself here."""
    return json.dumps(asdict(said), sort_keys=True, indent=1)


def assert_same(servers: Pair, body: bytes, *more: tuple[str, str], method: str = "POST") -> Said:
    lane, sdk = servers.both(body, *more, method=method)
    assert told(lane) == told(sdk)
    return lane


def modern(method: str, params: dict[str, Any], **meta: Any) -> dict[str, Any]:
    about = {**META, "io.modelcontextprotocol/clientInfo": INFO, **meta}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": about}}


@pytest.mark.parametrize(("method", "params"), REQUESTS)
def test_a_request_is_answered_alike_in_both_eras(servers: Pair, method: str, params: dict[str, Any]) -> None:
    name = params.get("name")
    routing = modern_headers(method, name if name is None or name.isascii() else "=?base64?bm/DqQ==?=")
    assert_same(servers, written(modern(method, params)), *routing)
    assert_same(servers, written(modern(method, params)), *routing, ("Mcp-Param-Region", "eu"))
    assert_same(servers, written({"jsonrpc": "2.0", "id": "é", "method": method, "params": params}), *IN_SESSION)


@pytest.mark.parametrize("token", [1, "t", "", 2**60, True, None, 1.5])
@pytest.mark.parametrize("name", ["echo", "look", "mixed"])
def test_a_request_with_a_progress_token_is_answered_alike(servers: Pair, name: str, token: Any) -> None:
    call = modern("tools/call", {"name": name}, progressToken=token)
    assert_same(servers, written(call), *modern_headers("tools/call", name))
    call["params"]["_meta"] = {"progressToken": token}
    assert_same(servers, written(call), *IN_SESSION)


DECLARED: list[Any] = [
    {"elicitation": {}}, {"elicitation": {"form": {}, "url": {}}}, {"sampling": {"tools": {}}}, {"roots": {}},
    {"roots": {"listChanged": True}}, {"experimental": {"a": {}}}, {"extensions": {"a/b": {"c": [1]}}}, {"tasks": {}},
    {"elicitation": None}, {"elicitation": 1}, {"elicitation": {"form": 1}}, {"roots": {"listChanged": "no"}},
    {"extensions": {"a": 1}}, {"extensions": []}, {"unknown": 1}, None, [], 1,
    {"elicitation": {"form": {"applyDefaults": True}, "url": {}}}, {"elicitation": {"form": {"a": None}, "b": {}}},
    {"elicitation": {"form": []}}, {"sampling": {"tools": {}, "context": {"a": {"b": [1, "c"]}}}},
    {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
    {"extensions": {"a/b": {"c": 2**60}}}, {"extensions": {"a/b": {"c": [[[[[[1]]]]]]}}}, {"extensions": {"a/b": None}},
    {"experimental": {"a": {"b": 1, "c": None}}}, {"experimental": {"a": 1}},
    {"tasks": {"list": {}, "cancel": {}, "requests": {"elicitation": {"create": {}}}}}, {"tasks": {"unknown": {}}},
    {"tasks": {"requests": {"sampling": {"createMessage": {}}, "a": {"b": {}}}}}, {"tasks": {"list": 1}},
    {"tasks": {"requests": {"elicitation": 1}}}, {"tasks": {"requests": {"elicitation": {"create": True}}}},
    {"tasks": []}, {"list_changed": True}, {"roots": {"list_changed": 1}},
]  # fmt: skip


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("name", ["echo", "act", "more"])
def test_whatever_a_client_declares_it_is_answered_alike(servers: Pair, name: str, declared: Any) -> None:
    call = modern("tools/call", {"name": name}, **{"io.modelcontextprotocol/clientCapabilities": declared})
    assert_same(servers, written(call), *modern_headers("tools/call", name))


ICONS: list[Any] = [
    {}, {"src": 1}, {"src": ""}, {"src": "x", "sizes": "any"}, {"src": "x", "theme": "a"}, {"src": "x", "sizes": [1]},
    {"src": "x", "a": 1}, {"src": "x", "theme": []}, None, [],
]  # fmt: skip
ABOUT: list[Any] = [
    None, {}, {"name": "n"}, {"name": "n", "version": 1}, {**INFO, "title": "t", "description": "", "websiteUrl": "x"},
    {**INFO, "icons": []}, {**INFO, "icons": 1}, {**INFO, "more": 1}, [], 1, {**INFO, "icons": None},
    {**INFO, "icons": [{"src": "https://x/y.png", "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark"}]},
    *({**INFO, "icons": [icon]} for icon in ICONS),
    {"icons": [{"src": "x"}]}, {"name": "n", "icons": []},
]  # fmt: skip


@pytest.mark.parametrize("about", ABOUT)
def test_whoever_a_client_says_it_is_it_is_answered_alike(servers: Pair, about: Any) -> None:
    for method, params in (("tools/call", {"name": "echo"}), ("tools/list", {}), ("server/discover", {})):
        asked = modern(method, params, **{"io.modelcontextprotocol/clientInfo": about})
        assert_same(servers, written(asked), *modern_headers(method, params.get("name")))


META_MORE: list[dict[str, Any]] = [
    {"io.modelcontextprotocol/logLevel": "info"}, {"io.modelcontextprotocol/logLevel": 1}, {"traceparent": "x"},
    {"example.com/x": {"y": 1}}, {"io.modelcontextprotocol/protocolVersion": "2025-11-25"},
    {"io.modelcontextprotocol/protocolVersion": None}, {"io.modelcontextprotocol/logLevel": "debug"},
    {"io.modelcontextprotocol/logLevel": "loud"}, {"io.modelcontextprotocol/logLevel": None},
    {"io.modelcontextprotocol/logLevel": []}, {"io.modelcontextprotocol/related-task": {"taskId": "1"}},
    {"io.modelcontextprotocol/related-task": 1}, {"io.modelcontextprotocol/unknown": 1},
    {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "x=y", "baggage": "a=b"}, {"traceparent": 1},
    {"claudecode/toolUseId": "toolu_1"}, {"a/b": None}, {"a/b": 2**60}, {"a/b": 1.5}, {"a/b": [[[[[[1]]]]]]},
    {"/": 1}, {"plain": 1}, {"progress_token": 1}, {"progress_token": []}, {"io_modelcontextprotocol_log_level": 1},
    {"io_modelcontextprotocol_client_capabilities": 1}, {"_": 1},
]  # fmt: skip


@pytest.mark.parametrize("more", META_MORE)
def test_whatever_else_is_in_an_envelope_it_is_answered_alike(servers: Pair, more: dict[str, Any]) -> None:
    assert_same(servers, written(modern("tools/call", {"name": "echo"}, **more)), *modern_headers("tools/call", "echo"))
    bare = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "_meta": more}}
    assert_same(servers, written(bare), *IN_SESSION)
    assert_same(servers, written(bare), *modern_headers("tools/call", "echo"))


ROUTING: list[Headers] = [
    (),
    (("MCP-Protocol-Version", MODERN),),
    (("MCP-Protocol-Version", MODERN), ("Mcp-Method", "tools/call")),
    modern_headers("tools/list", "echo"),
    modern_headers("tools/call", "text"),
    modern_headers("tools/call", "=?base64?ZWNobw==?="),
    modern_headers("tools/call", "=?base64?ZWNobw?="),
    (*modern_headers("tools/call", "echo"), ("Mcp-Name", "echo")),
    (*modern_headers("tools/call", "echo"), ("MCP-Protocol-Version", MODERN)),
    (*modern_headers("tools/call", "echo"), ("Mcp-Session-Id", "the session")),
    (*modern_headers("tools/call", "echo"), ("Mcp-Session-Id", "another")),
    (*modern_headers("tools/call", "echo"), ("Mcp-Param-Value", "x")),
    (*modern_headers("tools/call", "echo"), ("Accept", "application/json")),
    (*modern_headers("tools/call", "echo"), ("Accept", "*/*")),
    (*modern_headers("tools/call", "echo"), ("Accept", "text/event-stream")),
    (*modern_headers("tools/call", "echo"), ("Accept", "text/event-stream;q=0.5, application/*")),
    (*modern_headers("tools/call", "echo"), ("Content-Type", "text/plain")),
    (*modern_headers("tools/call", "echo"), ("Content-Type", "application/json; charset=utf-8")),
    (*modern_headers("tools/call", "echo"), ("Content-Type", "application/jsonp")),
    *(
        (*session, (name, value))
        for session in (modern_headers("tools/call", "echo"), IN_SESSION)
        for name, value in (
            ("Accept", "*/*"),
            ("Accept", "application/json, text/event-stream;q=0.9"),
            ("Content-Type", "application/json;charset=utf-8"),
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Type", "application/json; charset=latin-1"),
        )
    ),
    (*modern_headers("tools/call", " echo ")[:2], ("Mcp-Name", " \techo ")),
    *((("MCP-Protocol-Version", old), ("Mcp-Session-Id", "the session")) for old in ("1", MODERN, "2024-11-05")),
    (("Mcp-Session-Id", "the session"),),
    (("Mcp-Session-Id", "another"),),
    (("Mcp-Session-Id", "the session"), ("Mcp-Session-Id", "the session")),
]  # fmt: skip


@pytest.mark.parametrize("routing", ROUTING)
def test_whatever_its_headers_say_a_request_is_answered_alike(servers: Pair, routing: Headers) -> None:
    for arguments in ({}, {"value": "é"}):
        assert_same(servers, written(modern("tools/call", {"name": "echo", "arguments": arguments})), *routing)
        bare = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": arguments}}
        assert_same(servers, written(bare), *routing)


NAMES = [
    ("é", "é".encode().decode("latin-1")),
    ("é", "=?base64?w6k=?="),
    ("=?base64?ZWNobw==?=", "=?base64?ZWNobw==?="),
    ("=?base64?ZWNobw==?=", "=?base64?PT9iYXNlNjQ/WldOb2J3PT0/PQ==?="),
]


@pytest.mark.parametrize(("name", "header"), NAMES)
def test_a_name_that_no_header_carries_as_it_is_is_looked_for_alike(servers: Pair, name: str, header: str) -> None:
    assert_same(servers, written(modern("tools/call", {"name": name})), *modern_headers("tools/call", header))


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "post"])
def test_any_other_method_is_answered_alike(servers: Pair, method: str) -> None:
    body = written(modern("tools/call", {"name": "echo"}))
    assert_same(servers, body, *modern_headers("tools/call", "echo"), method=method)


ids: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 3), st.text(max_size=3), st.sampled_from([2**53, -(2**53), 2**64, 1.0, True, None, [], ""]), scalars
)
nearly: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": ids, "method": st.just("tools/call")},
    optional={"more": scalars, "result": scalars},
)


@EXAMPLES
@given(body=raw, more=headers)
@example(body=b"", more={})
@example(body=b" " * (4 * 1024 * 1024), more={"Mcp-Protocol-Version": MODERN})
@example(body=b" " * (4 * 1024 * 1024 + 1), more={"Mcp-Protocol-Version": MODERN})
def test_any_body_is_answered_alike(servers: Pair, body: bytes, more: dict[str, str]) -> None:
    assert_same(servers, body, *more.items())


@EXAMPLES
@given(envelope=nearly, name=st.sampled_from(["echo", "text", "count", "told"]), value=values)
def test_any_argument_is_answered_alike(servers: Pair, envelope: dict[str, Any], name: str, value: Any) -> None:
    field = {"count": "words", "told": "word"}.get(name, "value")
    params: dict[str, Any] = {"name": name, "arguments": {field: value}}
    assert_same(
        servers, written({**envelope, "params": {**params, "_meta": META}}), *modern_headers("tools/call", name)
    )
    assert_same(servers, written({**envelope, "params": params}), *IN_SESSION)


def test_the_lane_answers_what_it_should(servers: Pair) -> None:
    """Else this module would compare the SDK's server with itself. It escapes no letters; the SDK's server does."""
    call = written(modern("tools/call", {"name": "echo", "arguments": {"value": "\u00e9"}}))
    for side, escapes in ((servers.lane, False), (servers.sdk, True)):
        _, answer = servers.runner.run(side.raw(call, modern_headers("tools/call", "echo")))
        assert (b"\\u00e9" in answer) is escapes
        listing = written(modern("tools/list", {}))
        _, answer = servers.runner.run(side.raw(listing, modern_headers("tools/list")))
        assert (b"\\u00e9" in answer) is escapes
        discover = written(modern("server/discover", {}))
        _, answer = servers.runner.run(side.raw(discover, modern_headers("server/discover")))
        assert (b"\\u00e9" in answer) is escapes
        bare = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}}
        session = (("Mcp-Session-Id", side.session),)
        for message in (bare, {**bare, "method": "tools/list", "params": {}}, {**bare, "method": "ping", "params": {}}):
            found, _ = servers.runner.run(side.raw(written(message), session))
            assert found["content-type"] == ("text/event-stream" if escapes else "application/json")


SAID: list[tuple[dict[str, Any], Headers]] = [
    ({"io.modelcontextprotocol/logLevel": "debug"}, ()),
    ({"claudecode/toolUseId": "toolu_1"}, ()),
    ({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, ()),
    ({"io.modelcontextprotocol/clientInfo": {**INFO, "icons": [{"src": "x", "sizes": ["48x48"]}]}}, ()),
    ({"io.modelcontextprotocol/clientCapabilities": {"extensions": {"a/b": {"c": ["d"]}}, "tasks": {"list": {}}}}, ()),
    ({"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {"applyDefaults": True}}}}, ()),
    ({}, (("Content-Type", "application/json; charset=utf-8"),)),
    ({}, (("Accept", "*/*"),)),
]
"""What clients say that are in use: in `_meta`, and in headers."""


@pytest.mark.parametrize(("meta", "more"), SAID)
def test_what_clients_say_keeps_none_of_them_from_the_lane(servers: Pair, meta: dict[str, Any], more: Headers) -> None:
    call = written(modern("tools/call", {"name": "echo", "arguments": {"value": "\u00e9"}}, **meta))
    for side, escapes in ((servers.lane, False), (servers.sdk, True)):
        _, answer = servers.runner.run(side.raw(call, (*modern_headers("tools/call", "echo"), *more)))
        assert (b"\\u00e9" in answer) is escapes
