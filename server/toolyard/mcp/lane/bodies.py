"""Reading the body of a request that somebody else may have to read once more."""

from __future__ import annotations

from collections import deque

from starlette.types import Message, Receive


async def body_of(receive: Receive, most: int) -> tuple[bytes | None, Receive]:
    """The body, and what gives it out again; None for one that has more than `most` bytes or does not end."""
    message = await receive()
    read = [message]
    size = len(message.get("body", b""))
    while message["type"] == "http.request" and message.get("more_body", False) and size <= most:
        message = await receive()
        read.append(message)
        size += len(message.get("body", b""))
    whole = message["type"] == "http.request" and size <= most
    body = b"".join([part.get("body", b"") for part in read]) if whole else None
    return body, _again(read, receive)


def _again(read: list[Message], receive: Receive) -> Receive:
    waiting = deque(read)

    async def next_message() -> Message:
        return waiting.popleft() if waiting else await receive()

    return next_message
