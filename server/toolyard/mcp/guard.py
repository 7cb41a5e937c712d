"""The guard at the HTTP door: Host, Origin, token and announced size, in this order, before a byte of the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from toolyard.mcp.callers import SCOPE_KEY, at_the_door
from toolyard.mcp.tokens import TokenHolder, holder_of
from toolyard_kernel.calls.callers import Caller

# Not urlsplit: to some Python versions, `[::1]evil.test` is the host `::1`.
AUTHORITY = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets a request through to `app` with its caller in the scope, or answers it.

    With `holders`, a request needs one of their tokens; without, everybody is `anonymous`: both are asked for each
    request. `hosts` are the names, without port, that the server answers to, and the only ones a browser's Origin may
    have.
    """

    app: ASGIApp
    hosts: frozenset[str]
    anonymous: Callable[[], Caller]
    holders: Callable[[], Sequence[TokenHolder]]
    max_body: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocketClose(code=1008)(scope, receive, send)  # MCP is not spoken here
            return
        # Whitespace around a value is no part of it, and httptools leaves what follows it.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        admitted = self._admit(_headers(scope))
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        token = at_the_door.set(admitted)
        try:
            await self.app({**scope, SCOPE_KEY: admitted, "user": self._user(admitted)}, receive, send)
        finally:
            at_the_door.reset(token)

    def _admit(self, headers: dict[str, list[str]]) -> Caller | Response:
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        if len(hosts) != 1 or _host(hosts[0]) not in self.hosts:
            return _refusal(421, f"Host {hosts} is not served here; expected {sorted(self.hosts)}")
        if any(not self._is_own(origin) for origin in origins):
            return _refusal(403, f"Origin {origins} may not call this server")
        caller = self._caller(headers.get("authorization", []))
        if caller is None:
            return _refusal(401, "A bearer token is needed", {"WWW-Authenticate": "Bearer"})
        if any(not _fits(length, self.max_body) for length in headers.get("content-length", [])):
            return _refusal(413, f"Request body larger than {self.max_body} bytes")
        return caller

    def _is_own(self, origin: str) -> bool:
        scheme, _, authority = origin.partition("://")
        return scheme in ("http", "https") and _host(authority) in self.hosts

    def _caller(self, authorization: list[str]) -> Caller | None:
        holders = self.holders()
        if not holders:
            return self.anonymous()
        return holder_of(authorization[0], holders) if len(authorization) == 1 else None

    def _user(self, caller: Caller) -> AuthenticatedUser | None:
        """The SDK ties a session to its user, so that no other token can use it."""
        if not self.holders():
            return None
        who = f"{caller.tenant!r} {caller.id}"  # two tenants may call somebody the same
        return AuthenticatedUser(AccessToken(token="", client_id=who, scopes=sorted(caller.scopes)))


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return found


def _host(authority: str) -> str | None:
    """The host of `host:port` in lower case, or None when it is anything else."""
    match = AUTHORITY.fullmatch(authority)
    return (match["address"] or match["name"]).lower() if match else None


def _fits(announced: str, limit: int) -> bool:
    digits = announced.lstrip("0") or "0"
    return announced.isascii() and announced.isdigit() and len(digits) <= len(str(limit)) and int(digits) <= limit


def _refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status_code=status, headers=headers)
