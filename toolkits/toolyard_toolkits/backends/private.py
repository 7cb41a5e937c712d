"""Toolyard's own folders, which are below no root: whoever could write there would approve its own calls."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from functools import cache
from pathlib import Path

from toolyard_kernel.folders import config_folder, state_folder

_LONGEST = 1024


def private_folders() -> tuple[str, ...]:
    """Where approvals, keys, conversations and profiles are, without symbolic links."""
    return _real(state_folder()), _real(config_folder())


def check_private(opened: int) -> None:
    """That what was opened is in none of them, by whatever name it was found.

    Raises:
        PermissionError: it is.
    """
    path = _path_of(opened)
    if any(path == folder or path.startswith(f"{folder}/") for folder in private_folders()):
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
