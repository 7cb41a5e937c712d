"""Refusing clients of the handshake era where several processes serve one address."""

from __future__ import annotations

import json
from typing import Any, cast

from mcp_types import UnsupportedProtocolVersionErrorData
from mcp_types.jsonrpc import UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from toolyard_kernel.content import unicode_of

HEADER = b"mcp-protocol-version"
REFUSED = (
    "this server runs several workers and serves clients of MCP 2026-07-28; "
    "for one that shakes hands, run a server with one worker"
)


class ModernOnly:
    """Lets through to `app` what says that it is of 2026-07-28 or later; the session of another would be in a process
    that its next request does not reach."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        versions = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
        version = versions[0] if versions else None
        if version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS:
            await self._app(scope, receive, send)
        elif scope["method"] == "POST":
            message = await self._message(Request(scope, receive))
            await _refusal(message.get("id"), _requested(message, version))(scope, receive, send)
        else:
            await _refusal(None, version or "unknown")(scope, receive, send)

    async def _message(self, request: Request) -> dict[str, Any]:
        """The request's message as far as it can be told; only what it wants to be answered with is needed."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self._max_body:
                return {}
        try:
            message: Any = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def _requested(message: dict[str, Any], version: str | None) -> str:
    params = message.get("params")
    asked = cast("dict[str, Any]", params).get("protocolVersion") if isinstance(params, dict) else None
    return asked if isinstance(asked, str) else version or "unknown"


def _refusal(id: Any, requested: str) -> JSONResponse:
    shown = unicode_of(requested[:64])
    data = UnsupportedProtocolVersionErrorData(supported=list(MODERN_PROTOCOL_VERSIONS), requested=shown)
    error = {"code": UNSUPPORTED_PROTOCOL_VERSION, "message": REFUSED, "data": data.model_dump(by_alias=True)}
    told = unicode_of(id) if isinstance(id, str) else id if type(id) is int else None
    return JSONResponse({"jsonrpc": "2.0", "id": told, "error": error}, status_code=400)
