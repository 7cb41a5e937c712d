"""Reading the body of a request that somebody else may have to read once more."""

from __future__ import annotations

from collections import deque

from msgspec import Struct
from starlette.types import Message, Receive


class Body(Struct, frozen=True):
    """A body as it came in. `data` is the whole of it; None when it is too long, or did not end."""

    data: bytes | None
    read: list[Message]

    def again(self, receive: Receive) -> Receive:
        """What gives it out once more, and then what comes after it."""
        waiting = deque(self.read)

        async def next_message() -> Message:
            return waiting.popleft() if waiting else await receive()

        return next_message


async def body_of(receive: Receive, most: int) -> Body:
    """The body of a request, if it has at most `most` bytes."""
    message = await receive()
    data: bytes = message.get("body", b"")
    read = [message]
    if message.get("more_body", False):
        parts, size = [data], len(data)
        while message["type"] == "http.request" and message.get("more_body", False) and size <= most:
            message = await receive()
            read.append(message)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        data = b"".join(parts)
    whole = message["type"] == "http.request" and len(data) <= most
    return Body(data if whole else None, read)
