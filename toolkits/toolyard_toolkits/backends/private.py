"""Toolyard's own folders, which are below no root: whoever could write there would approve its own calls."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from toolyard_kernel.folders import config_folder, state_folder

NAME = ".toolyard"
"""Of a folder of Toolyard's own beside the work: traces are in it, where nobody says where else."""
_LONGEST = 1024


def private_folders() -> tuple[str, ...]:
    """Where approvals, keys, conversations and profiles are, without symbolic links."""
    return _real(state_folder()), _real(config_folder())


def private_below(folder: str) -> Iterator[str]:
    """Those that are below a folder, which must have no symbolic links in its path."""
    beside = {os.path.realpath(f"{folder}/{NAME}")}
    with suppress(FileNotFoundError):  # the process' own folder can be gone
        beside.add(os.path.realpath(NAME))
    for private in (*private_folders(), *sorted(beside)):
        if private.startswith(f"{folder}/") and os.path.isdir(private):  # noqa: PTH112 - for every command
            yield private


def check_private(opened: int) -> None:
    """That what was opened is in none of them, by whatever name it was found.

    Raises:
        PermissionError: it is.
    """
    path = _path_of(opened)
    if any(path == folder or path.startswith(f"{folder}/") for folder in private_folders()):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    check_name(path)


def check_name(path: str) -> None:
    """That a path does not lead into a folder of Toolyard's own, or makes one.

    Raises:
        PermissionError: it does.
    """
    if NAME in path.casefold().split("/"):  # to some file systems, all cases are one
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _path_of(opened: int) -> str:
    if sys.platform == "darwin":
        return os.fsdecode(fcntl.fcntl(opened, fcntl.F_GETPATH, bytes(_LONGEST)).rstrip(b"\0"))
    try:
        return os.readlink(f"/proc/self/fd/{opened}")  # noqa: PTH115 - for every file that is opened
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return ""  # so deep is nothing in them
        raise


@cache
def _real(folder: Path) -> str:
    return os.path.realpath(folder)
