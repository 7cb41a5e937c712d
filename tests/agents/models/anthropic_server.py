"""What a server of the Messages API sends, for the server of `chat_server`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from tests.agents.models.chat_server import KEY, ChatServer, Turn, chatting, streams
from tests.agents.models.conversations import Answer, answer
from toolyard_agents.models.anthropic import AnthropicModel
from toolyard_agents.models.model import ModelRequest
from toolyard_agents.models.patience import Patience

NAME = "claude-sonnet-4-5"
USAGE = {"input_tokens": 11, "output_tokens": 1}


def event(kind: str, **fields: Any) -> bytes:
    """One event of this kind."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def start(**usage: Any) -> bytes:
    """The first event."""
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": f"{NAME}-20250929",
        "content": [],
        "usage": {**USAGE, **usage},
    }
    return event("message_start", message=message)


def begin(index: int, kind: str, **fields: Any) -> bytes:
    """A block begins."""
    return event("content_block_start", index=index, content_block={"type": kind, **fields})


def delta(index: int, kind: str, **fields: Any) -> bytes:
    """A piece of a block."""
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def end(index: int) -> bytes:
    """A block ends."""
    return event("content_block_stop", index=index)


def stop(reason: str = "end_turn", details: Any = None, **usage: Any) -> bytes:
    """The last two events: why it ended and what it used, and that it ended."""
    left = event("message_delta", delta={"stop_reason": reason, "stop_details": details}, usage=usage)
    return left + event("message_stop")


def text(index: int, *pieces: str) -> bytes:
    """A whole block of text."""
    deltas = b"".join(delta(index, "text_delta", text=piece) for piece in pieces)
    return begin(index, "text", text="") + deltas + end(index)


def thinking(index: int, *pieces: str, signature: str = "signed") -> bytes:
    """A whole block of thoughts."""
    deltas = b"".join(delta(index, "thinking_delta", thinking=piece) for piece in pieces)
    signed = delta(index, "signature_delta", signature=signature)
    return begin(index, "thinking", thinking="", signature="") + deltas + signed + end(index)


def json_piece(index: int, piece: str) -> bytes:
    """A piece of a call's arguments."""
    return delta(index, "input_json_delta", partial_json=piece)


def call(index: int, id: str | None, name: str | None, *pieces: str) -> bytes:
    """A whole call."""
    deltas = b"".join(json_piece(index, piece) for piece in pieces)
    return begin(index, "tool_use", id=id, name=name, input={}) + deltas + end(index)


def text_turn(*pieces: str) -> Turn:
    """An ordinary answer."""
    return streams(start(), text(0, *pieces), stop(output_tokens=7))


@asynccontextmanager
async def asking(
    *turns: Turn, name: str = NAME, patience: Patience | None = None
) -> AsyncGenerator[tuple[AnthropicModel, ChatServer]]:
    """A model at a server that takes these turns."""
    async with chatting(*turns) as server:
        model = AnthropicModel(name, base_url=server.url, api_key=KEY, patience=patience)
        try:
            yield model, server
        finally:
            await model.aclose()


async def answer_of(*parts: bytes, name: str = NAME, request: ModelRequest | str = "go") -> Answer:
    """What comes of a stream of these bytes."""
    async with asking(streams(*parts), name=name) as (model, _):
        return await answer(model, request)
