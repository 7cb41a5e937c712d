"""What a model thought before it called tools."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from toolyard_agents.messages import Message, ToolRequest

Content = list[dict[str, Any]]
_Key = tuple[int, tuple[str, ...]]


class Thoughts:
    """Keeps the newest answers that hold thoughts, as they were written: the provider wants them back unchanged.

    They are signed for one conversation, so an answer is found only behind the very messages that it answered.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[_Key, Content] = {}

    def keep(self, messages: Sequence[Message], calls: Sequence[ToolRequest], content: Content) -> None:
        """Keep the content of the answer to these messages; one without calls does not need its thoughts any more."""
        trail = 0
        for message in messages:
            trail = further(trail, message)
        with self._lock:
            if calls:
                self._kept[trail, tuple(call.id for call in calls)] = content
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def find(self, trail: int, message: Message) -> Content | None:
        """The content that `message` had when it was written behind `trail`."""
        return self._kept.get((trail, tuple(call.id for call in message.tool_calls))) if message.tool_calls else None


def further(trail: int, message: Message) -> int:
    """What stands for all messages up to this one, where `trail` stands for those before; it begins with 0."""
    return hash((trail, message))
