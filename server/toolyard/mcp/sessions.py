"""The SDK's session manager, and the task that owns it."""

from __future__ import annotations

import asyncio

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from toolyard.mcp.announcer import Announcer


class Sessions:
    """Starts with the first request and lasts until `close`, or as long as the event loop."""

    def __init__(self, server: Server[Announcer], max_body: int) -> None:
        self._server = server
        self._max_body = max_body
        self._owner: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[StreamableHTTPSessionManager] | None = None

    @property
    def running(self) -> bool:
        """Whether the manager runs."""
        owner, ready = self._owner, self._ready
        return owner is not None and not owner.done() and ready is not None and ready.done() and not ready.cancelled()

    async def manager(self) -> StreamableHTTPSessionManager:
        """The running manager."""
        if self._ready is None or self._owner is None or self._owner.done():
            self._ready = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._own(self._ready), name="toolyard-sessions")
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        """End every session."""
        owner, self._owner = self._owner, None
        if owner:
            owner.cancel()
            await asyncio.wait({owner})

    async def _own(self, ready: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        manager = StreamableHTTPSessionManager(self._server, max_request_body_size=self._max_body)
        try:
            async with manager.run():
                ready.set_result(manager)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            ready.cancel()  # nobody may wait for a manager that will never come
            raise
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)
