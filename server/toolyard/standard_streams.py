"""Keeping the process's stdout for what belongs there, whatever tool code prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The real stdin and stdout, under descriptors of their own."""

    stdin: BinaryIO
    stdout: BinaryIO


@contextmanager
def claimed_streams() -> Generator[Streams]:
    """Take stdin and stdout away from everybody else, at the level of descriptors.

    Meanwhile descriptor 0 is the null device and descriptor 1 is stderr, for Python code, C code and child processes.
    """
    sys.stdout.flush()
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    try:
        # closefd=False: a thread may still wait in a read of the descriptor when this block is left.
        yield Streams(stdin=os.fdopen(stdin, "rb", closefd=False), stdout=os.fdopen(stdout, "wb", 0, closefd=False))
    finally:
        sys.stdout.flush()
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        os.close(stdout)
