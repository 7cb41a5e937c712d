"""Requests that were read and not answered yet."""

from __future__ import annotations

import asyncio

import mcp_types as types


class Unanswered:
    """Follows the messages of one connection in both directions."""

    def __init__(self) -> None:
        self._ids: set[str | int] = set()
        self._none = asyncio.Event()
        self._none.set()

    def read(self, message: types.JSONRPCMessage) -> None:
        """A message of the client."""
        if isinstance(message, types.JSONRPCRequest):
            self._ids.add(message.id)
        elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
            self._ids.discard((message.params or {}).get("requestId", ""))  # nobody answers it any more
        self._tell()

    def written(self, message: types.JSONRPCMessage) -> None:
        """A message to the client."""
        if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and message.id is not None:
            self._ids.discard(message.id)
        self._tell()

    async def answered(self, seconds: float) -> None:
        """Return once every request is answered, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._none.wait()
        except TimeoutError:
            return

    def _tell(self) -> None:
        if self._ids:
            self._none.clear()
        else:
            self._none.set()
