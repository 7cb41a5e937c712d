"""Keeping the beginning and the end of a stream in bounded memory."""

from __future__ import annotations

from toolyard_kernel.backends import Captured


class Capture:
    """What is kept of one stream, at most `limit` bytes, half of them its end."""

    def __init__(self, limit: int) -> None:
        self._tail_size = limit // 2
        self._head_size = limit - self._tail_size
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._head_size - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room else chunk
        if len(self._tail) > 2 * self._tail_size:  # cutting at every chunk would copy the whole tail each time
            self._cut()

    def captured(self) -> Captured:
        self._cut()
        if self.total == len(self._head) + len(self._tail):
            return Captured(head=bytes(self._head + self._tail), total=self.total)
        return Captured(head=bytes(self._head), tail=bytes(self._tail), total=self.total)

    def _cut(self) -> None:
        del self._tail[: max(0, len(self._tail) - self._tail_size)]
