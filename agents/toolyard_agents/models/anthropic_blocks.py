"""One block of an answer's content, put together from its pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from toolyard_agents.models.anthropic_events import Delta, StartedBlock
from toolyard_agents.models.anthropic_thoughts import Content
from toolyard_agents.models.model import ReasoningPiece, TextPiece

THOUGHTS = frozenset({"thinking", "redacted_thinking"})


@dataclass(slots=True)
class Block:
    """`written` is its text, its thoughts, or the arguments of its call."""

    start: StartedBlock
    written: str = ""
    signature: str = ""

    @property
    def is_call(self) -> bool:
        return self.start.type == "tool_use"

    @property
    def is_thought(self) -> bool:
        return self.start.type in THOUGHTS

    @property
    def arguments(self) -> str:
        """What the model wrote, or else what the block began with: some servers send it whole."""
        begun = json.dumps(self.start.input, ensure_ascii=False) if self.start.input else "{}"
        return self.written.strip() or begun

    def begin(self) -> Iterator[TextPiece | ReasoningPiece]:
        """The pieces that it begins with."""
        begun = self.start
        return self.add(Delta(text=begun.text, thinking=begun.thinking, signature=begun.signature))

    def add(self, delta: Delta) -> Iterator[TextPiece | ReasoningPiece]:
        """The pieces in a delta."""
        self.written += delta.text or delta.thinking or delta.partial_json or ""
        self.signature += delta.signature or ""
        if delta.text:
            yield TextPiece(delta.text)
        if delta.thinking:
            yield ReasoningPiece(delta.thinking)

    def content(self) -> Content:
        """The text or thoughts as they go back; nothing for a text of white space, which is refused."""
        if self.start.type == "thinking":
            return [{"type": "thinking", "thinking": self.written, "signature": self.signature}]
        if self.start.type == "text":
            return [{"type": "text", "text": self.written}] if self.written.strip() else []
        return [self.start.model_dump(exclude_unset=True)] if self.is_thought else []
