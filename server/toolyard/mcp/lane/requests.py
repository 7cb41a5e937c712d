"""The requests that the lane knows exactly. Everything that is not one of them is the SDK's to answer or to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from msgspec import Struct
from pydantic_core import from_json

from toolyard.mcp.lane.declarations import LARGEST, is_plain_capabilities, is_plain_client, is_plain_meta
from toolyard_kernel.content import JsonObject

MODERN = "2026-07-28"
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""The revisions before it, oldest first."""

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
PROGRESS_KEY = "progressToken"

MODERN_META = frozenset({VERSION_KEY, CAPABILITIES_KEY, CLIENT_KEY, PROGRESS_KEY})
HANDSHAKE_META = frozenset({PROGRESS_KEY})

PARAMS: Mapping[str, frozenset[str]] = {
    "tools/call": frozenset({"name", "arguments", "_meta"}),
    "tools/list": frozenset({"cursor", "_meta"}),
    "server/discover": frozenset({"_meta"}),
    "ping": frozenset({"_meta"}),
    "initialize": frozenset({"protocolVersion", "capabilities", "clientInfo"}),
}
"""The methods of the lane, and the members that their parameters may have."""

Id = str | int


class Request(Struct, frozen=True):
    """One request, its envelope checked. `token` is what its progress is reported under, if anybody listens."""

    id: Id
    method: str
    params: JsonObject
    token: Id | None


def message_of(data: bytes) -> JsonObject | None:
    """The JSON object that these bytes are, read as the SDK reads it; None when they are none."""
    try:
        message = from_json(data)
    except ValueError:
        return None
    return cast("JsonObject", message) if type(message) is dict else None


def modern_request(message: JsonObject) -> Request | None:
    """A request of 2026-07-28."""
    params = _params_of(message)
    if not params or (meta := _object(params.get("_meta"))) is None:
        return None
    if meta.get(VERSION_KEY) != MODERN or not is_plain_meta(meta, MODERN_META):
        return None
    if not is_plain_capabilities(meta.get(CAPABILITIES_KEY)):
        return None
    if (about := meta.get(CLIENT_KEY)) is not None and not is_plain_client(about):
        return None
    return _request(message, params, meta)


def handshake_request(message: JsonObject) -> Request | None:
    """A request of the eras before, in a session that has shaken hands."""
    params = _params_of(message)
    if params is None:
        return None
    meta = _object(params.get("_meta", {}))
    if meta is None or not is_plain_meta(meta, HANDSHAKE_META):
        return None
    return _request(message, params, meta)


def greeting_of(message: JsonObject) -> JsonObject | None:
    """The parameters of an `initialize`."""
    params = _params_of(message)
    if message.get("method") != "initialize" or not params or len(params) != len(PARAMS["initialize"]):
        return None
    plain = is_plain_client(params["clientInfo"]) and is_plain_capabilities(params["capabilities"])
    return params if plain and type(params["protocolVersion"]) is str else None


def is_in_envelope(message: JsonObject) -> bool:
    """Whether it is a request that the SDK's server takes for one of 2026-07-28, right or wrong."""
    meta = _object((_object(message.get("params")) or {}).get("_meta")) or {}
    whole = message.get("jsonrpc") == "2.0" and is_id(message.get("id")) and type(message.get("method")) is str
    return whole and VERSION_KEY in meta


def cancelled_by(message: JsonObject) -> Id | None:
    """The request that a `notifications/cancelled` is about, as `correlated` has it."""
    if message.keys() != {"jsonrpc", "method", "params"} or message["method"] != "notifications/cancelled":
        return None
    if message["jsonrpc"] != "2.0":
        return None
    about = _object(message.get("params")) or {}
    id = about.get("requestId")
    return correlated(id) if is_id(id) else None


def is_id(value: Any) -> TypeGuard[Id]:
    return type(value) is str or (type(value) is int and -LARGEST < value < LARGEST)


def correlated(id: Id) -> Id:
    """Ids that stand for the same request to the SDK are equal: `"7"` and `7`."""
    try:
        return int(id)
    except ValueError:
        return id


def _params_of(message: JsonObject) -> JsonObject | None:
    """The parameters of what looks like a request of the lane, and has no member that none of those has."""
    if message.get("jsonrpc") != "2.0" or not is_id(message.get("id")):
        return None
    members = 3 + ("params" in message)
    known = PARAMS.get(method) if type(method := message.get("method")) is str else None
    params = _object(message.get("params", {}))
    if known is None or params is None or len(message) != members or not params.keys() <= known:
        return None
    return params


def _request(message: JsonObject, params: JsonObject, meta: JsonObject) -> Request | None:
    method, token = message["method"], meta.get(PROGRESS_KEY)
    if PROGRESS_KEY in meta and not is_id(token):
        return None
    if method == "tools/call":
        given = params.get("arguments")
        if type(params.get("name")) is not str or not (given is None or type(given) is dict):
            return None
    elif method == "tools/list" and not (params.get("cursor") is None or type(params["cursor"]) is str):
        return None
    return Request(message["id"], method, params, token)


def _object(value: Any) -> JsonObject | None:
    return cast("JsonObject", value) if type(value) is dict else None
