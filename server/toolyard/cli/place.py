"""The place of one worker among several, as its supervisor gave it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from toolyard.cli.counts_folder import counts_of
from toolyard.standard_streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`descriptor` is the socket that all workers accept on; stdout leads to the supervisor, and stdin ends with it."""

    streams: Streams
    descriptor: int

    @property
    def door(self) -> socket.socket:
        return socket.socket(fileno=self.descriptor)

    @property
    def counts(self) -> Path:
        """Where all workers write what they counted."""
        return counts_of(os.getppid())

    def tell(self, summary: str) -> None:
        """Say what this worker serves, now that it does."""
        self.streams.stdout.write(f"{summary}\n".encode())

    def when_left_alone(self, end: Callable[[], object]) -> None:
        """Call `end` once the supervisor is gone, however it went."""
        loop, lifeline = asyncio.get_running_loop(), self.streams.stdin.fileno()

        def read() -> None:
            if not os.read(lifeline, 1):
                loop.remove_reader(lifeline)
                end()

        loop.add_reader(lifeline, read)
