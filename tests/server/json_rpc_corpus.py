"""What may arrive at the JSON-RPC edge: good and bad messages, as hypothesis makes them, and their bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.server.yards import MODERN

HANDSHAKE = "2025-11-25"

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ELICITS: dict[str, Any] = {**META, "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8),
    st.sampled_from(["", "\ud800", "\udfff\ud800", "\x00", "\u2028", "x" * 5000, "echo", "act", "../../etc/passwd"]),
    st.just(10**400),
)  # fmt: skip
_values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@st.composite
def _value(draw: st.DrawFn) -> Any:
    """One of `_values`, whose own description would be megabytes."""
    return draw(_values)


values = _value()
ids: st.SearchStrategy[Any] = st.one_of(st.integers(0, 3), scalars, values)
methods: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([
        "initialize", "ping", "tools/list", "tools/call", "server/discover", "notifications/cancelled",
        "resources/read",
        "notifications/initialized", "notifications/progress", "logging/setLevel", "prompts/get", "completion/complete",
        "subscriptions/listen_", "resources/subscribe", "roots/list", "elicitation/create", "tools/", "TOOLS/CALL",
    ]),
    values,
)  # fmt: skip
metas: st.SearchStrategy[Any] = st.one_of(st.just(META), st.just(ELICITS), values)
params: st.SearchStrategy[Any] = st.one_of(
    values,
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(st.just("echo"), st.just("act"), values),
            "arguments": st.one_of(
                st.fixed_dictionaries({"text": values}), st.fixed_dictionaries({"value": values}), values
            ),
            "_meta": metas,
            "cursor": values,
            "requestState": values,
            "inputResponses": values,
            "uri": values,
            "requestId": values,
            "progressToken": values,
            "protocolVersion": st.sampled_from([HANDSHAKE, MODERN, "1", "9999-01-01"]) | values,
            "capabilities": values,
            "clientInfo": values,
        },
    ),
)
envelopes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values, "id": ids, "method": methods, "params": params, "result": values,
        "error": values, "more": values,
    },
)  # fmt: skip
_requests: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": ids, "method": methods, "params": params}
)


@st.composite
def _request(draw: st.DrawFn) -> dict[str, Any]:
    return draw(_requests)


requests = _request()


def written(message: Any) -> bytes:
    return json.dumps(message).encode()


def bare(message: Any) -> bytes:
    """With what JSON lets stand unescaped, lone surrogates too."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def wide(message: Any) -> bytes:
    return json.dumps(message).encode("utf-16")


def marked(message: Any) -> bytes:
    return b"\xef\xbb\xbf" + written(message)


def with_long_numbers(message: Any) -> bytes:
    return written(message).replace(b"null", b"1" * 5000)


def with_junk(message: Any, junk: bytes) -> bytes:
    return written(message) + junk


def twice(message: dict[str, Any]) -> bytes:
    """The message with each of its keys written twice, with different values."""
    fields = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in message.items()]
    return ("{" + ",".join([*fields, *(f"{json.dumps(name)}:null" for name in message), *fields]) + "}").encode()


def deep(depth: int, kind: str) -> bytes:
    nested = "[" * depth + "]" * depth if kind == "list" else '{"a":' * depth + "1" + "}" * depth
    return (
        b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"value":'
        + nested.encode() + b'},"_meta":' + written(META) + b"}}"
    )  # fmt: skip


def cut(message: Any, at: float) -> bytes:
    whole = written(message)
    return whole[: int(len(whole) * at)]


depths = st.sampled_from([10, 100, 127, 128, 129, 200, 500, 900, 1000, 5000, 100_000])
raw: st.SearchStrategy[Any] = st.one_of(
    st.builds(written, requests),
    st.builds(written, envelopes),
    st.builds(written, st.lists(requests | values, max_size=3)),
    st.builds(twice, requests),
    st.builds(cut, requests, st.floats(0, 1)),
    st.builds(deep, depths, st.sampled_from(["list", "map"])),
    st.binary(max_size=40),
    st.builds(bare, requests),
    st.builds(with_long_numbers, requests),
    st.builds(with_junk, requests, st.binary(max_size=5)),
    st.builds(wide, requests),
    st.builds(marked, requests),
)  # fmt: skip

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Mcp-Protocol-Version": st.sampled_from([HANDSHAKE, MODERN, "2025-03-26", "9999-01-01"]) | printable,
        "Mcp-Session-Id": st.just("the session") | printable,
        "Mcp-Method": st.just("tools/call") | printable,
        "Mcp-Name": st.sampled_from(["echo", "act", "=?base64?ZWNobw==?=", "=?base64?!?="]) | printable,
        "Mcp-Param-Value": printable,
        "Last-Event-Id": printable,
    },
)
