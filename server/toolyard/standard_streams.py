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


def claim_streams() -> Streams:
    """Take stdin and stdout away from everybody else, at the level of descriptors, for as long as the process lives.

    Descriptor 0 is then the null device and descriptor 1 is stderr, for Python code, C code and child processes.
    """
    _fill_missing_descriptors()
    _flush()
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    # closefd=False: a thread may still wait in a read of the descriptor when nobody holds the stream any more.
    return Streams(stdin=os.fdopen(stdin, "rb", closefd=False), stdout=os.fdopen(stdout, "wb", 0, closefd=False))


@contextmanager
def claimed_streams() -> Generator[Streams]:
    """As `claim_streams`, and give them back at the end."""
    streams = claim_streams()
    try:
        yield streams
    finally:
        _flush()
        os.dup2(streams.stdin.fileno(), 0)
        os.dup2(streams.stdout.fileno(), 1)
        os.close(streams.stdout.fileno())


def _fill_missing_descriptors() -> None:
    """A process can be started without any of the three, and then the next file that is opened takes the place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # opens as the lowest number that is free, which is this one


def _flush() -> None:
    if sys.stdout:
        sys.stdout.flush()
