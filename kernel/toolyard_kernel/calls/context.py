"""What a handler is given besides its arguments."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.doors import NO_DOOR, Door
from toolyard_kernel.changes import Changes
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import DefinitionError

Report = Callable[[float, float | None, str | None], Awaitable[None]]
"""Delivers one progress report to the caller: value, total, message."""


class CallState(Struct):
    """What changes while a call runs."""

    cancelled: bool = False
    progress: float = float("-inf")


async def unheard(value: float, total: float | None, message: str | None) -> None:
    """Report of a call whose caller does not listen."""


class Delivered:
    """An awaitable that is already done, so that nobody has to await it."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


class ToolContext(Struct, frozen=True, kw_only=True):
    """The running call, as its handler sees it.

    `services` holds the host's own objects; `ctx.name`, `ctx["name"]` and `ctx.services["name"]` are the same one.
    `changes.tell(ResourceUpdated(uri))` tells clients that a resource reads differently now. `wire` is the door's own
    view of the request: over MCP the SDK's `ServerRequestContext`, with the client's headers, capabilities and session
    (`ctx.wire.session.create_message(…)` samples from a handshake-era client), elsewhere None, as it is for a tool that
    says `wire=False`. `door` is the way back to the caller, for a handler whose own calls are made in the caller's
    name. `resumed` is the `state` of the `InputRequired` that the handler returned in an earlier round of this call.
    """

    caller: Caller
    call_id: str
    tool: str
    services: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    changes: Changes = field(default_factory=Changes)
    thread_id: str | None = None
    run_id: str | None = None
    state: CallState = field(default_factory=CallState)
    report: Report = unheard
    wire: Any = None
    resumed: str | None = None
    door: Door = NO_DOOR

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Without what belongs to the host, or to the caller's request."""
        return [(name, getattr(self, name)) for name in ("caller", "call_id", "tool", "thread_id", "run_id")]

    def __repr__(self) -> str:
        return f"ToolContext({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    @property
    def cancelled(self) -> bool:
        """True once the caller is gone or the deadline has passed: a sync handler should look and stop."""
        return self.state.cancelled

    def progress(self, value: float, total: float | None = None, message: str | None = None) -> Awaitable[None]:
        """Tell the caller how far the call is: `await` it in an async handler, just call it in a sync one.

        Values must grow; one that does not is dropped, as MCP asks, and so is one that JSON has no word for. An
        `inline` handler reports nothing.
        """
        if not self.state.progress < value < math.inf or self.state.cancelled:  # NaN is dropped too
            return Delivered()
        if total is not None and not math.isfinite(total):
            total = None
        self.state.progress = value
        return self.report(value, total, message)

    async def emit(self, kind: str, data: JsonObject) -> None:
        """Tell those who watch the run of an agent what happened: an event with `data`, of this kind where the run
        has events of it, else `custom`. Other callers hear nothing."""
        if not self.state.cancelled:
            await self.door.emit(kind, data)

    def __getitem__(self, name: str) -> Any:
        return self.services[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.services[name]
        except KeyError:
            known = ", ".join(sorted(self.services)) or "none"
            raise AttributeError(f"no service {name!r} was given to this runtime; services: {known}") from None


RESERVED: frozenset[str] = frozenset({"tool_use_id", "services", "references"}) | {
    name for name in dir(ToolContext) if not name.startswith("_")
}


def checked_services(services: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The services as a read-only mapping; a name that no handler could reach is a `DefinitionError`."""
    for name in services or {}:
        if not name.isidentifier():
            raise DefinitionError(f"service name {name!r} must be a non-empty Python identifier")
        if name in RESERVED or name.startswith("_"):
            raise DefinitionError(
                f"service name {name!r} is reserved; choose another than {', '.join(sorted(RESERVED))}"
            )
    return MappingProxyType(dict(services or {}))
