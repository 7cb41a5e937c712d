"""One answer of a server of the Messages API, put together from its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

from pydantic import ValidationError

from toolyard_agents.errors import ModelError, ModelUnavailable
from toolyard_agents.messages import ToolRequest
from toolyard_agents.models.anthropic_blocks import Block
from toolyard_agents.models.anthropic_events import Event, OutputDetails, ReportedUsage
from toolyard_agents.models.anthropic_messages import called
from toolyard_agents.models.anthropic_names import WireNames
from toolyard_agents.models.anthropic_thoughts import Content
from toolyard_agents.models.model import FinishReason, ModelRequest, Piece, TextPiece
from toolyard_agents.state.estimates import message_tokens, text_tokens
from toolyard_agents.usage import Usage

KNOWN_REASONS: dict[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
BLOCK_EVENTS = frozenset({"content_block_start", "content_block_delta", "content_block_stop"})
KNOWN_EVENTS = BLOCK_EVENTS | {"message_start", "message_delta", "message_stop", "error"}


class AnswerAssembly:
    """Turns events into pieces, and knows whether the answer is complete: it has a reason to stop, or its last event.

    `calls` are the tool calls, once `rest` has been asked for.
    """

    def __init__(self, request: ModelRequest, names: WireNames) -> None:
        self.complete = False
        self.model: str | None = None
        self.calls: list[ToolRequest] = []
        self._request = request
        self._names = names
        self._begun = False
        self._open: int | None = None
        self._blocks: dict[int, Block] = {}
        self._reason: str | None = None
        self._usage = ReportedUsage()

    @property
    def flowing(self) -> bool:
        """Whether pieces come one after the other.

        In a call and in thoughts a server can be silent for minutes: it sends whole arguments, and no hidden thoughts.
        """
        block = None if self._open is None else self._blocks.get(self._open)
        return self._begun and not (block and (block.is_call or block.is_thought))

    @property
    def thought(self) -> bool:
        return any(block.is_thought for block in self._blocks.values())

    def take(self, data: object) -> Iterator[Piece]:
        """The pieces in one event.

        Raises:
            ModelError: it is no event of the Messages API.
            ModelUnavailable: the provider says that it failed.
        """
        event = _event(data)
        if event is None:
            return
        if event.type == "error":
            said = event.error.message if event.error else None
            raise ModelUnavailable(f"in the middle of its answer: {said or 'it failed without a word'}")
        if event.message is not None:
            self._usage = event.message.usage or self._usage
            self.model = event.message.model if isinstance(event.message.model, str) else self.model
        if event.usage is not None:
            self._usage = _later(self._usage, event.usage)
        pieces = self._block(event) if event.type in BLOCK_EVENTS else self._end(event)
        for piece in pieces:
            self._begun = True
            yield piece

    def rest(self) -> Iterator[Piece]:
        """The tool calls, once the answer is complete; one without an id, or with one that is known, gets a new one.

        Raises:
            ModelUnavailable: a call names no tool.
        """
        seen = {call.id for message in self._request.messages for call in message.tool_calls}
        for block in self._in_order():
            if block.is_call:
                if not block.start.name:
                    raise ModelUnavailable("a call in its answer names no tool")
                id = block.start.id if block.start.id and block.start.id not in seen else f"toolu_{uuid4().hex}"
                seen.add(id)
                name = self._names.by_wire.get(block.start.name, block.start.name)
                self.calls.append(ToolRequest(id=id, name=name, arguments=block.arguments))
        yield from self.calls

    def content(self) -> Content:
        """The whole answer as it goes back."""
        calls = iter(self.calls)
        content: Content = []
        for block in self._in_order():
            content += [called(next(calls), self._names)] if block.is_call else block.content()
        return content

    @property
    def reason(self) -> FinishReason:
        return KNOWN_REASONS.get(self._reason or "", "tool_calls" if self.calls else "stop")

    @property
    def tier(self) -> str | None:
        return self._usage.service_tier

    @property
    def cache_written(self) -> int:
        """How many tokens the provider put into its cache."""
        return max(0, self._usage.cache_creation_input_tokens or 0)

    @property
    def usage(self) -> Usage:
        """As reported; an estimate, rather too high, of what a server does not report."""
        reported = self._usage
        cached = max(0, reported.cache_read_input_tokens or 0)
        fresh = self._estimated_input() if reported.input_tokens is None else max(0, reported.input_tokens)
        written = self._estimated_output() if reported.output_tokens is None else max(0, reported.output_tokens)
        reasoning = (reported.output_tokens_details or OutputDetails()).thinking_tokens or 0
        return Usage(
            input_tokens=fresh + cached + self.cache_written,
            output_tokens=written,
            cached_tokens=cached,
            reasoning_tokens=max(0, min(reasoning, written)),
            cost=None,
        )

    def _block(self, event: Event) -> Iterator[Piece]:
        if event.type == "content_block_stop":
            self._open = None
        elif event.content_block is not None:
            self._open = event.index
            self._blocks[event.index] = block = Block(event.content_block)
            yield from block.begin()
        elif event.delta is not None and event.index in self._blocks:
            yield from self._blocks[event.index].add(event.delta)

    def _end(self, event: Event) -> Iterator[Piece]:
        if event.delta is not None and event.delta.stop_reason:
            self._reason = event.delta.stop_reason
            details = event.delta.stop_details
            if self._reason == "refusal" and details and details.explanation and not self._begun:
                yield TextPiece(details.explanation)
        self.complete = self.complete or self._reason is not None or event.type == "message_stop"

    def _in_order(self) -> list[Block]:
        return [self._blocks[index] for index in sorted(self._blocks)]

    def _estimated_input(self) -> int:
        tools = (
            text_tokens(tool.name + tool.description + json.dumps(tool.parameters)) for tool in self._request.tools
        )
        return sum(tools) + sum(map(message_tokens, self._request.messages))

    def _estimated_output(self) -> int:
        return text_tokens("".join((block.start.name or "") + block.written for block in self._blocks.values()))


def _later(usage: ReportedUsage, newer: ReportedUsage) -> ReportedUsage:
    """The usage so far, with what a later event says of it."""
    counts = usage.model_dump(exclude_none=True) | newer.model_dump(exclude_none=True)
    return ReportedUsage.model_validate(counts)


def _event(data: object) -> Event | None:
    """The event; None for one of a kind that was added later."""
    if isinstance(data, dict):
        kind = cast("dict[str, Any]", data).get("type")
        if isinstance(kind, str) and kind not in KNOWN_EVENTS:
            return None
    try:
        return Event.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole"
        raise ModelError(f"its answer is none of the Messages API: {where}: {problem['msg']}") from None
