"""One answer of a Chat Completions server, put together from its chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import ValidationError

from toolyard_agents.errors import ModelError, ModelUnavailable
from toolyard_agents.models.model import FinishReason, ModelRequest, Piece, ReasoningPiece, TextPiece
from toolyard_agents.models.openai_calls import CallAssembly
from toolyard_agents.models.openai_chunks import Choice, Chunk, Delta, InputDetails, OutputDetails, ReportedUsage
from toolyard_agents.state.estimates import message_tokens, text_tokens
from toolyard_agents.usage import Usage

KNOWN_REASONS: dict[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


class AnswerAssembly:
    """Turns chunks into pieces, and knows whether the answer flows, which it does once it has begun, and is complete.

    It is complete with a finish reason, or with the chunk that holds the usage and nothing else, which comes last.
    """

    def __init__(self, request: ModelRequest) -> None:
        self.flowing = False
        self.complete = False
        self.tier = request.settings.service_tier
        self.model: str | None = None
        self._request = request
        self._calls = CallAssembly()
        self._spoken: list[str] = []
        self._reason: str | None = None
        self._usage: ReportedUsage | None = None

    def take(self, data: object) -> Iterator[Piece]:
        """The pieces in one chunk.

        Raises:
            ModelError: it is no chunk of Chat Completions.
            ModelUnavailable: the provider says that it failed.
        """
        chunk = _chunk(data)
        self.tier = chunk.service_tier or self.tier
        self.model = chunk.model if isinstance(chunk.model, str) and chunk.model else self.model
        if chunk.usage is not None:
            self._usage = chunk.usage
            self.complete = self.complete or not chunk.choices
        for choice in chunk.choices or ():
            if not choice.index:
                yield from self._choice(choice)

    def rest(self) -> Iterator[Piece]:
        """The tool calls, once the answer is complete.

        Raises:
            ModelUnavailable: a call names no tool.
        """
        yield from self._calls.requests({call.id for message in self._request.messages for call in message.tool_calls})

    @property
    def reason(self) -> FinishReason:
        """Why it ended. Many servers say `stop` also when they ask for calls."""
        return KNOWN_REASONS.get(self._reason or "", "tool_calls" if self._calls else "stop")

    @property
    def usage(self) -> Usage:
        """As reported; an estimate, rather too high, of what a server does not report."""
        reported = self._usage or ReportedUsage()
        read, written, total = reported.prompt_tokens, reported.completion_tokens, reported.total_tokens
        if read is not None and total is not None:
            written = max(written or 0, total - read)  # some leave reasoning out of `completion_tokens`
        read = self._estimated_input() if read is None else max(0, read)
        written = text_tokens("".join(self._spoken) + self._calls.text) if written is None else max(0, written)
        cached = (reported.prompt_tokens_details or InputDetails()).cached_tokens or 0
        reasoning = (reported.completion_tokens_details or OutputDetails()).reasoning_tokens or 0
        return Usage(
            input_tokens=read,
            output_tokens=written,
            cached_tokens=max(0, min(cached, read)),
            reasoning_tokens=max(0, min(reasoning, written)),
            cost=None,
        )

    def _choice(self, choice: Choice) -> Iterator[Piece]:
        if choice.finish_reason == "error":
            raise ModelUnavailable("the provider failed in the middle of its answer")
        for piece in _said(choice.delta or Delta()):
            self._spoken.append(piece.text)
            self.flowing = True
            yield piece
        for delta in (choice.delta and choice.delta.tool_calls) or ():
            self._calls.add(delta)
            self.flowing = True
        if choice.finish_reason:
            self._reason = choice.finish_reason
            self.complete = True

    def _estimated_input(self) -> int:
        tools = (
            text_tokens(tool.name + tool.description + json.dumps(tool.parameters)) for tool in self._request.tools
        )
        return sum(tools) + sum(map(message_tokens, self._request.messages))


def _chunk(data: object) -> Chunk:
    try:
        return Chunk.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the whole"
        raise ModelError(f"its answer is none of Chat Completions: {where}: {problem['msg']}") from None


def _said(delta: Delta) -> Iterator[TextPiece | ReasoningPiece]:
    thought = delta.reasoning_content or delta.reasoning
    if thought and isinstance(thought, str):
        yield ReasoningPiece(thought)
    for text in (delta.content, delta.refusal):
        if text:
            yield TextPiece(text)
