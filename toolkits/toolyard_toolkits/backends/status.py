"""A pipe through which a program tells how its command goes."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

MOST = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`writer` is for the program, which is told of it by its number; what it wrote is read without waiting."""

    reader: int
    writer: int

    def read(self) -> bytes:
        """What was written since the last time."""
        try:
            return os.read(self.reader, MOST)
        except BlockingIOError:
            return b""


@contextmanager
def status_pipe() -> Generator[Status]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    try:
        yield Status(reader=reader, writer=writer)
    finally:
        os.close(reader)
        os.close(writer)
