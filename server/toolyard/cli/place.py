"""The place of one worker among several, as its supervisor gave it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from toolyard.errors import StartError
from toolyard.standard_streams import Streams
from toolyard_kernel.folders import state_folder

LOCK = "lock"


def _counts_of(supervisor: int) -> Path:
    return state_folder() / "metrics" / str(supervisor)


@contextmanager
def counts_folder() -> Generator[None]:
    """Meanwhile the workers of this process have a folder for what they count; what killed ones left is removed."""
    folder = _counts_of(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700, parents=True)
        lock = (folder / LOCK).open("w")
    except OSError as error:
        raise StartError(f"{folder} cannot be made: {error.strerror}; make its folder writable") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until this process ends, however it does
        _remove_left(folder.parent)
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_left(folders: Path) -> None:
    for lock in folders.glob(f"*/{LOCK}"):
        with suppress(OSError), lock.open("r+") as found:  # it is locked, or somebody else removes it
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


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
        return _counts_of(os.getppid())

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
