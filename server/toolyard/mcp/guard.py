"""The guard at the HTTP door: Host, Origin, token and announced size, in this order, before a byte of the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from toolyard.mcp.callers import SCOPE_KEY
from toolyard.mcp.headers import HEADERS_KEY, Headers
from toolyard.mcp.tokens import TokenHolder, holder_of
from toolyard_kernel.calls.callers import Caller

# Not urlsplit: to some Python versions, `[::1]evil.test` is the host `::1`.
AUTHORITY = re.compile(rb"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
MOST_DIGITS = 18
"""Of a length that is looked at."""
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
        headers, holders = Headers.of(scope), self.holders()
        admitted = self._admit(headers, holders)
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        user = _user(admitted) if holders else None
        known = {"headers": headers.raw, HEADERS_KEY: headers, SCOPE_KEY: admitted, "user": user}
        await self.app({**scope, **known}, receive, send)

    def _admit(self, headers: Headers, holders: Sequence[TokenHolder]) -> Caller | Response:
        hosts = headers.all(b"host")
        if len(hosts) != 1 or _host(hosts[0]) not in self.hosts:
            return _refusal(421, f"Host {_told(hosts)} is not served here; expected {sorted(self.hosts)}")
        origins = headers.all(b"origin")
        if origins and not all(map(self._is_own, origins)):
            return _refusal(403, f"Origin {_told(origins)} may not call this server")
        caller = _caller(headers.all(b"authorization"), holders) if holders else self.anonymous()
        if caller is None:
            return _refusal(401, "A bearer token is needed", {"WWW-Authenticate": "Bearer"})
        for length in headers.all(b"content-length"):
            if not _fits(length, self.max_body):
                return _refusal(413, f"Request body larger than {self.max_body} bytes")
        return caller

    def _is_own(self, origin: bytes) -> bool:
        scheme, _, authority = origin.partition(b"://")
        return scheme in (b"http", b"https") and _host(authority) in self.hosts


def _caller(authorization: list[bytes], holders: Sequence[TokenHolder]) -> Caller | None:
    return holder_of(authorization[0].decode("latin-1"), holders) if len(authorization) == 1 else None


def _user(caller: Caller) -> AuthenticatedUser:
    """The SDK ties a session to its user, so that no other token can use it."""
    who = f"{caller.tenant!r} {caller.id}"  # two tenants may call somebody the same
    return AuthenticatedUser(AccessToken(token="", client_id=who, scopes=sorted(caller.scopes)))


@lru_cache(maxsize=64)  # a server has few names; what anybody else makes up is forgotten
def _host(authority: bytes) -> str | None:
    """The host of `host:port` in lower case, or None when it is anything else."""
    match = AUTHORITY.fullmatch(authority)
    return (match["address"] or match["name"]).decode().lower() if match else None


def _fits(announced: bytes, limit: int) -> bool:
    """Whether it is a number of bytes within the limit; Python reads no number of more than some thousand digits."""
    digits = announced.lstrip(b"0") or b"0"
    return announced.isdigit() and len(digits) <= MOST_DIGITS and int(digits) <= limit


def _told(values: list[bytes]) -> list[str]:
    return [value.decode("latin-1") for value in values]


def _refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status_code=status, headers=headers)
