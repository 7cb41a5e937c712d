"""The way back to a client that only listens: its progress token is all there is of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from toolyard.mcp.lane.encoding import progress
from toolyard.mcp.lane.requests import Id
from toolyard_kernel.calls.doors import NO_DOOR, Door, NoDoor

Tell = Callable[[bytes], Awaitable[None]]
"""Sends a message of JSON-RPC to the client, ahead of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener(NoDoor):
    """A client that gave a progress token."""

    token: Id
    tell: Tell

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        await self.tell(progress(self.token, value, total, message))


def door_of(token: Id | None, tell: Tell) -> Door:
    """The door of a call that nobody is asked about."""
    return NO_DOOR if token is None else Listener(token=token, tell=tell)
