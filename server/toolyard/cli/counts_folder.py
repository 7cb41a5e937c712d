"""The folder in which the workers of one supervisor write what they counted, each for all of them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from toolyard.errors import StartError
from toolyard_kernel.folders import state_folder

LOCK = "lock"


def counts_of(supervisor: int) -> Path:
    """Where the workers of the process `supervisor` write."""
    return state_folder() / "metrics" / str(supervisor)


@contextmanager
def counts_folder() -> Generator[None]:
    """Meanwhile the workers of this process have a folder for what they count; what killed ones left is removed."""
    folder = counts_of(os.getpid())
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            lock = _made(folder)
            _remove_left(folder.parent)
    except OSError as error:
        raise StartError(f"{folder} cannot be made: {error.strerror}; make its folder writable") from error
    with lock:
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folders: Path) -> Generator[None]:
    """Meanwhile no other server makes a folder here, and none takes one that is not locked yet for a left one."""
    descriptor = os.open(folders, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _made(folder: Path) -> TextIO:
    """The folder's lock, held until this process ends, however it does."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    lock = (folder / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _remove_left(folders: Path) -> None:
    for lock in folders.glob(f"*/{LOCK}"):
        with suppress(OSError), lock.open("r+") as found:  # it is locked, or somebody else removes it
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
