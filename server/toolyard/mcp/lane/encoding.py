"""Answers as bytes: each message of the lane is encoded once."""

from __future__ import annotations

import base64
from typing import Any

from msgspec.json import Encoder
from pydantic_core import to_json

from toolyard.mcp.lane.requests import Id
from toolyard_kernel.calls.outcomes import Outcome
from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, JsonObject, Text, unicode_of

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
CANCELLED = -32800
JSON = Encoder()
SERVER_KEY = "io.modelcontextprotocol/serverInfo"


def result_message(id: Id, result: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (to_json(id), result)


def error_message(id: Id, code: int, text: str, data: Any = None) -> bytes:
    error: JsonObject = {"code": code, "message": text}
    if data is not None:
        error["data"] = data
    return to_json({"jsonrpc": "2.0", "id": id, "error": error})


def notification(method: str, params: JsonObject | None = None) -> bytes:
    message: JsonObject = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return to_json(message)


def progress(token: Id, value: float, total: float | None, message: str | None) -> bytes:
    params: JsonObject = {"progressToken": token, "progress": value}
    if total is not None:
        params["total"] = total
    if message is not None:
        params["message"] = unicode_of(message)
    return notification("notifications/progress", params)


def outcome_message(id: Id, outcome: Outcome, server: JsonObject | None) -> bytes:
    """The answer to `tools/call`; a modern one, which says who made it, when `server` is given."""
    result: JsonObject = {"content": [_block(block) for block in outcome.content], "isError": outcome.status != "ok"}
    if outcome.structured is not None:
        result["structuredContent"] = outcome.structured
    if server is not None:
        result["resultType"] = "complete"
        result["_meta"] = {SERVER_KEY: server}
    message = {"jsonrpc": "2.0", "id": id, "result": result}
    try:
        return JSON.encode(message)
    except TypeError:  # a handler's text may be of a class of its own, such as markupsafe's, and is text all the same
        return to_json(message)


def _block(block: Content) -> JsonObject:
    match block:
        case Text():
            return {"type": "text", "text": unicode_of(block.text)}
        case Image():
            return {"type": "image", "data": _base64(block.data), "mimeType": block.mime_type}
        case Audio():
            return {"type": "audio", "data": _base64(block.data), "mimeType": block.mime_type}
        case EmbeddedResource():
            return {"type": "resource", "resource": _resource(block)}
        case _:
            link = {"uri": block.uri, "name": block.name, "description": block.description, "mimeType": block.mime_type}
            return {"type": "resource_link", **_present(link)}


def _resource(block: EmbeddedResource) -> JsonObject:
    held = block.content
    told = {"text": unicode_of(held)} if isinstance(held, str) else {"blob": _base64(held)}
    return _present({"uri": block.uri, "mimeType": block.mime_type, **told})


def _present(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
