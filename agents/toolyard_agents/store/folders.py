"""The folder of one session: found by an id that cannot lead out of the store, and walked by descriptors."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolyard_kernel.errors import UnknownName
from toolyard_kernel.folders import config_folder

TRACE = "state.jsonl"
ABOUT = "about.json"
LOCK = "lock"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a FIFO must not hold whoever looks at it


def sessions_folder() -> Path:
    """Where sessions are when nobody says where: `$XDG_CONFIG_HOME/toolyard/sessions`."""
    return config_folder() / "sessions"


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether a session can have this id: letters, digits, `.`, `_` and `-`."""
    return _ID.fullmatch(text) is not None


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, for its owner only; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    make_private(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)


@contextmanager
def session_folder(root: Path, session_id: str) -> Generator[int]:
    """The descriptor of a session's folder.

    Raises:
        UnknownName: no session can have this id, or none has.
    """
    if not is_id(session_id):
        raise UnknownName(f"{session_id!r} is no id of a session; letters, digits, '.', '_' and '-' are expected")
    try:
        descriptor = os.open(root / session_id, _FOLDER)
    except OSError as error:  # a link or a file is no session either
        raise UnknownName(f"no session {session_id!r} is stored; `list` tells those that are") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_in(folder: int, name: str, flags: int) -> int:
    """Open a regular file in a folder, never through a link; what is made has mode 0600.

    Raises:
        OSError: it cannot be opened, or is no file.
    """
    descriptor = os.open(name, flags | _FILE, 0o600, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{name} is no file")
    return descriptor
