"""What one round of a call leaves with a 2026-07-28 client for the next, sealed so that it can only be given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.request_state import AESGCMRequestStateCodec, RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from toolyard.mcp.callers import Counter
from toolyard.secret_files import shared_secret
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.content import JsonObject

LIFETIME = 3600.0
"""Seconds after which no state is taken back, whatever deadline the profile has."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """`call_id` and `binding` say what is approved. The `id` is spent when it is used; unused, it ends at `expires`."""

    id: str
    call_id: str
    binding: str
    expires: float


@dataclass(frozen=True, kw_only=True)
class RoundState:
    """`call_id` is the same in every round. `asked` is what the client's user was asked for last; `given` is the yes
    that the call itself has had, which holds in all of its rounds; `own` is the handler's own state."""

    call_id: str
    asked: Approval | None = None
    given: Approval | None = None
    own: str | None = None

    def dump(self) -> str:
        return _STATE.dump_json(self).decode()

    @classmethod
    def load(cls, text: str) -> RoundState:
        return _STATE.validate_json(text)


_STATE = TypeAdapter(RoundState)


class SharedKeyCodec:
    """The SDK's codec under the key in `path`, which is made when the first state is sealed or shown."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._codec: AESGCMRequestStateCodec | None = None

    def seal(self, payload: bytes) -> str:
        return self._ready().seal(payload)

    def unseal(self, token: str) -> bytes:
        return self._ready().unseal(token)

    def _ready(self) -> AESGCMRequestStateCodec:
        if self._codec is None:
            self._codec = AESGCMRequestStateCodec([shared_secret(self._path)])
        return self._codec


class SealedState:
    """The SDK's sealing, bound to the caller, under a key that every process of this state folder shares.

    A call whose state is refused never reaches the gate, so its refusal is recorded here.
    """

    def __init__(self, counter: Counter, name: str) -> None:
        self._counter = counter
        codec = SharedKeyCodec(counter.gate.approvals.state / "request-state.key")
        security = RequestStateSecurity(codec=codec, ttl=LIFETIME, bind_principal=self._principal)
        self._boundary = RequestStateBoundary(security, default_audience=name)

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        inside = False

        async def unsealed(ctx: ServerRequestContext[Any, Any]) -> HandlerResult:
            nonlocal inside
            inside = True
            return await call_next(ctx)

        try:
            return await self._boundary(ctx, unsealed)
        except MCPError:
            if not inside and ctx.method == "tools/call":
                self._record_refusal(ctx)
            raise

    def _record_refusal(self, ctx: ServerRequestContext[Any, Any]) -> None:
        params = ctx.params or {}
        given: Any = params.get("arguments")
        arguments = cast("JsonObject", given) if isinstance(given, dict) else {}
        call = ToolCall(tool=str(params.get("name")), arguments=arguments)
        reason = "the requestState is altered, expired, or another caller's or call's"
        self._counter.gate.refuse(call, self._counter.caller_of(ctx), "request_state", reason)

    def _principal(self, ctx: ServerRequestContext[Any, Any]) -> str:
        caller = self._counter.caller_of(ctx)
        return f"{caller.tenant}\n{caller.id}"
