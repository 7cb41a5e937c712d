"""The lane on HTTP, in front of the SDK's transports."""

from __future__ import annotations

import logging
from collections.abc import Callable

from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS, encode_header_value, validate_mcp_param_headers
from msgspec import Struct
from starlette.datastructures import Headers as ListedHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from toolyard.mcp.callers import OUTCOME_KEY, SCOPE_KEY, Made
from toolyard.mcp.headers import HEADERS_KEY, Headers
from toolyard.mcp.lane.answers import Answers
from toolyard.mcp.lane.bodies import body_of
from toolyard.mcp.lane.doors import door_of
from toolyard.mcp.lane.encoding import CANCELLED, INTERNAL_ERROR, error_message, result_message
from toolyard.mcp.lane.exchange import Exchange
from toolyard.mcp.lane.live import Live
from toolyard.mcp.lane.plain_calls import LaneTool
from toolyard.mcp.lane.requests import (
    MODERN,
    Request,
    cancelled_by,
    correlated,
    handshake_request,
    message_of,
    modern_request,
)
from toolyard.mcp.lane.sessions import HandshakeSessions, Session
from toolyard_agents.telemetry.operation import is_heard
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject

ROUTING = frozenset(
    {b"content-type", b"accept", b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"mcp-session-id"}
)
JSON = b"application/json"
JSONS = frozenset({JSON, JSON + b"; charset=utf-8", JSON + b";charset=utf-8"})
"""`Content-Type`, in the words that clients use."""
BOTH = frozenset({JSON + b", text/event-stream", JSON + b",text/event-stream", b"text/event-stream, " + JSON, b"*/*"})
"""`Accept`, in the words that clients use."""
THIS_ERA = MODERN.encode()
NO_ROUNDS = "This needs input, and cannot ask for it any more"

log = logging.getLogger("toolyard")


class Asked(Struct, frozen=True):
    """A request that the lane may answer. `session` is that of a client of the handshake era, `tool` that of a call."""

    request: Request
    caller: Caller
    session: Session | None
    tool: LaneTool | None

    @property
    def modern(self) -> bool:
        return self.session is None


class HttpLane:
    """Answers what it knows, and passes everything else on to the SDK as it came."""

    def __init__(
        self,
        answers: Answers,
        sessions: HandshakeSessions,
        sdk: ASGIApp,
        *,
        serves: Callable[[str], bool],
        max_body: int,
    ) -> None:
        """`serves` says whether it is Toolyard's own handler that would answer a method, and whether it can now."""
        self._answers = answers
        self._sessions = sessions
        self._sdk = sdk
        self._serves = serves
        self._max_body = max_body
        self._live = Live()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = scope[HEADERS_KEY]
        if scope["method"] == "DELETE":
            self._sessions.doubt(headers)
        if not _is_plain_post(scope, headers) or is_heard():
            await self._sdk(scope, receive, send)
            return
        session = self._sessions.find(headers, scope)
        if session is None and headers.last.get(b"mcp-protocol-version") != THIS_ERA:
            await self._sdk(scope, receive, send)
            return
        body = await body_of(receive, self._max_body)
        asked = None if body.data is None else self._asked(body.data, headers, scope, session)
        if asked is None or not await self._answered(asked, scope, receive, send):
            await self._sdk(scope, body.again(receive), send)

    def end(self) -> None:
        """Stop the calls under way, and complete their answers as well as they can be."""
        self._live.end("stopping")

    def _asked(self, body: bytes, headers: Headers, scope: Scope, session: Session | None) -> Asked | None:
        message = message_of(body)
        if message is None:
            return None
        if session is not None:
            _cancel(message, session)  # and the SDK hears of it too
        request = modern_request(message) if session is None else handshake_request(message)
        if request is None or not self._serves(request.method):
            return None
        caller: Caller = scope[SCOPE_KEY]
        asked = Asked(request, caller, session, self._answers.tool(request, caller))
        return asked if session is not None or self._agrees(asked, headers) else None

    def _agrees(self, asked: Asked, headers: Headers) -> bool:
        """Whether the headers of a modern request say what its body does."""
        request, tool, told = asked.request, asked.tool, headers.last
        if told.get(b"mcp-method") != request.method.encode():
            return False
        if tool is None:
            return True
        if told.get(b"mcp-name") != encode_header_value(request.params["name"]).encode():
            return False
        if tool.annotated is None:
            return True
        given: JsonObject = request.params.get("arguments") or {}
        return validate_mcp_param_headers(tool.annotated, given, ListedHeaders(raw=headers.raw)) is None

    async def _answered(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the request was answered; if not, nothing was sent."""
        request, session = asked.request, asked.session
        more = () if session is None else ((b"mcp-session-id", session.id),)
        exchange = Exchange(receive, send, more, clings=session is None)
        if (result := self._answers.at_once(request, asked.caller, modern=session is None)) is not None:
            await exchange.answer(result_message(request.id, result))
            return True
        if asked.tool is None or not asked.tool.plain:
            return False
        self._live.add(exchange)
        try:
            if session is None:
                return await self._called(asked, exchange, scope)
            with session.holds(correlated(request.id), exchange):
                return await self._called(asked, exchange, scope)
        finally:
            self._live.remove(exchange)

    async def _called(self, asked: Asked, exchange: Exchange, scope: Scope) -> bool:
        request = asked.request
        call, door = self._answers.call(request), door_of(request.token, exchange.tell)
        try:
            outcome = await exchange.outcome(self._answers.make(call, asked.caller, door))
            answer = None if outcome is None else self._answers.to(request, outcome, modern=asked.modern)
        except Exception:
            log.exception("a call of %r failed inside of the server", call.tool)
            await exchange.answer(error_message(request.id, INTERNAL_ERROR, "Internal server error"))
            return True
        if outcome is None:
            await self._ended(request, exchange)
            return True
        if answer is None and not exchange.streams:
            scope[OUTCOME_KEY] = Made(call=call, outcome=outcome)
            return False
        if answer is None:
            await exchange.answer(error_message(request.id, INTERNAL_ERROR, NO_ROUNDS))
        else:
            failed = asked.modern and answer.code is not None
            await exchange.answer(answer.message, ERROR_CODE_HTTP_STATUS.get(answer.code or 0, 200) if failed else 200)
        return True

    async def _ended(self, request: Request, exchange: Exchange) -> None:
        match exchange.ended:
            case "cancelled":
                await exchange.answer(error_message(request.id, CANCELLED, "Request cancelled"))
            case "stopping":
                await exchange.abandon()
            case _:
                pass  # nobody is there


def _is_plain_post(scope: Scope, headers: Headers) -> bool:
    """Whether it says in plain words what it is, and no header that is looked at stands there twice."""
    told = headers.last
    plain = told.get(b"content-type") in JSONS and told.get(b"accept") in BOTH
    return plain and scope["method"] == "POST" and not headers.repeat(ROUTING)


def _cancel(message: JsonObject, session: Session) -> None:
    if (id := cancelled_by(message)) is not None:
        session.cancel(id)
