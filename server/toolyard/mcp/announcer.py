"""Telling clients that a list or a resource changed: by `subscriptions/listen` on 2026-07-28, else as it was before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import mcp_types as types
from anyio.abc import TaskGroup
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from toolyard_kernel import changes
from toolyard_kernel.changes import Change, Changes

PATIENCE = 5.0
"""Seconds a client may take to read one notification before it loses it."""

MOST_SUBSCRIPTIONS = 1024
"""Resources one client of the handshake era may subscribe to."""

Context = ServerRequestContext[Any, Any]


@dataclass(slots=True)
class _Legacy:
    """A client of the handshake era: the resources it subscribed to, and the news it has not been told yet."""

    uris: set[str] = field(default_factory=set[str])
    waiting: dict[Change, None] = field(default_factory=dict[Change, None])
    busy: bool = False

    def wants(self, change: Change) -> bool:
        return not isinstance(change, changes.ResourceUpdated) or change.uri in self.uris


class Announcer:
    """Passes the news of one runtime on to the clients of one serving. News that come in one burst are told once."""

    def __init__(self, source: Changes) -> None:
        self._source = source
        self._bus = InMemorySubscriptionBus()
        self._news: dict[Change, None] = {}
        self._arrived = anyio.Event()
        # The SDK tells nobody that a session ended, so a session that is gone must be able to leave by itself.
        self._legacy: WeakKeyDictionary[Connection, _Legacy] = WeakKeyDictionary()
        self.listen = ListenHandler(self._bus)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Announcer]:
        """Announce what changes until the block is left; then every subscription ends."""
        loop = asyncio.get_running_loop()

        def heard(change: Change) -> None:
            try:
                loop.call_soon_threadsafe(self._note, change)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told

        stop = self._source.listen(heard)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._announce, tasks)
                yield self
                tasks.cancel_scope.cancel()
        finally:
            stop()
            self.listen.close()

    def remember(self, connection: Connection) -> None:
        """A client of the handshake era is there."""
        if connection not in self._legacy:
            self._legacy[connection] = _Legacy()

    def subscribe(self, ctx: Context, uri: str) -> None:
        """Tell this client when the resource changes.

        Raises:
            MCPError: -32602, when it has too many subscriptions already.
        """
        uris = self._legacy[connection_of(ctx)].uris
        if len(uris) >= MOST_SUBSCRIPTIONS:
            raise MCPError(types.INVALID_PARAMS, f"A client may subscribe to {MOST_SUBSCRIPTIONS} resources at most")
        uris.add(uri)

    def unsubscribe(self, ctx: Context, uri: str) -> None:
        self._legacy[connection_of(ctx)].uris.discard(uri)

    def _note(self, change: Change) -> None:
        self._news[change] = None
        self._arrived.set()

    async def _announce(self, tasks: TaskGroup) -> None:
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            news, self._news = self._news, {}
            for change in news:
                await self._bus.publish(_event(change))
            for connection, client in tuple(self._legacy.items()):
                client.waiting.update((change, None) for change in news if client.wants(change))
                if client.waiting and not client.busy and connection.initialized.is_set():
                    client.busy = True
                    tasks.start_soon(_tell, connection, client)


async def _tell(connection: Connection, client: _Legacy) -> None:
    """Each client has a task of its own, so that one that does not read holds up no other."""
    try:
        while client.waiting:
            change = next(iter(client.waiting))
            del client.waiting[change]
            with anyio.move_on_after(PATIENCE):
                await _notify(connection, change)
    finally:
        client.busy = False


async def _notify(connection: Connection, change: Change) -> None:
    match change:
        case changes.ResourceUpdated(uri=uri):
            await connection.send_resource_updated(uri)
        case changes.ListChanged(of="tools"):
            await connection.send_tool_list_changed()
        case changes.ListChanged(of="prompts"):
            await connection.send_prompt_list_changed()
        case changes.ListChanged():
            await connection.send_resource_list_changed()


def _event(change: Change) -> ServerEvent:
    match change:
        case changes.ResourceUpdated(uri=uri):
            return ResourceUpdated(uri=uri)
        case changes.ListChanged(of="tools"):
            return ToolsListChanged()
        case changes.ListChanged(of="prompts"):
            return PromptsListChanged()
        case changes.ListChanged():
            return ResourcesListChanged()


def announcer_of(ctx: Context) -> Announcer:
    """The announcer of the serving that this request came in by."""
    announcer: Announcer = ctx.lifespan_context
    return announcer


def connection_of(ctx: Context) -> Connection:
    """What lasts as long as the client's session; the SDK hands out only objects that last as long as one request."""
    return ctx.session._connection  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - see above


async def listen(ctx: Context, params: types.SubscriptionsListenRequestParams) -> types.SubscriptionsListenResult:
    """`subscriptions/listen`: the answer is a stream of changes, for as long as the client reads it."""
    return await announcer_of(ctx).listen(ctx, params)


async def remembering(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Middleware: every client of the handshake era that says something is one to be told."""
    if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        announcer_of(ctx).remember(connection_of(ctx))
    return await call_next(ctx)
