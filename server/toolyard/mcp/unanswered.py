"""Requests that were read and not answered yet."""

from __future__ import annotations

import asyncio
from itertools import count

import mcp_types as types

from toolyard.mcp.lane.requests import Id, correlated, is_id
from toolyard.mcp.room import Room


class Unanswered:
    """Follows the messages of one connection in both directions.

    To the SDK's server no two requests have one id: it would lose sight of the first. What it knows them by, as
    `correlated` has that, leads to the id that the client gave.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._ids: dict[Id, Id] = {}
        self._numbers = count(2)
        self._none = asyncio.Event()
        self._none.set()

    def read(self, message: types.JSONRPCMessage) -> list[types.JSONRPCMessage]:
        """What a message of the client's is to the SDK's server."""
        if isinstance(message, types.JSONRPCRequest):
            return [self._asked(message)]
        if isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
            return self._cancelled(message)
        return [message]

    def written(self, message: types.JSONRPCMessage) -> types.JSONRPCMessage:
        """What a message of the SDK's server is to the client."""
        if not isinstance(message, types.JSONRPCResponse | types.JSONRPCError) or message.id is None:
            return message
        id = self._ids.get(correlated(message.id), message.id)
        return message if id == message.id else message.model_copy(update={"id": id})

    def sent(self, message: types.JSONRPCMessage) -> None:
        """A message of the SDK's server has left."""
        if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and message.id is not None:
            self._end(correlated(message.id))

    async def answered(self, seconds: float) -> None:
        """Return once every request is answered, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._none.wait()
        except TimeoutError:
            return

    def _asked(self, request: types.JSONRPCRequest) -> types.JSONRPCRequest:
        id = request.id
        while correlated(id) in self._ids:
            id = f"{request.id} ({next(self._numbers)})"
        self._ids[correlated(id)] = request.id
        self._none.clear()
        self._room.enter()
        return request if id == request.id else request.model_copy(update={"id": id})

    def _cancelled(self, note: types.JSONRPCNotification) -> list[types.JSONRPCMessage]:
        """The cancellation of each request of that id; nobody answers them any more."""
        params = note.params or {}
        about = params.get("requestId")
        if not is_id(about):
            return [note]
        found = [own for own, id in self._ids.items() if correlated(id) == correlated(about)]
        for own in found:
            self._end(own)
        return [note.model_copy(update={"params": {**params, "requestId": own}}) for own in found] or [note]

    def _end(self, own: Id) -> None:
        if own in self._ids:
            del self._ids[own]
            self._room.leave()
        if not self._ids:
            self._none.set()
