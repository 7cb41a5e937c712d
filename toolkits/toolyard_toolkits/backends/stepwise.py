"""Opening a path one name at a time, for systems without `openat2`: no symbolic link is followed, wherever it leads."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from toolyard_toolkits.backends.special import check_kind

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class LinkError(OSError):
    """A symbolic link stands on the path."""


def open_stepwise(folder: int, path: str, flags: int) -> int:
    """Open `path` below the descriptor `folder`.

    Raises:
        LinkError: one of its names is a symbolic link.
        SpecialFileError: it is a FIFO, a socket or a device.
        OSError: `EXDEV` when `..` leads out, otherwise as `os.open`.
    """
    if path.endswith(("/", "/.")):
        flags |= os.O_DIRECTORY
    return open_names(folder, _without_parents(folder, path), flags)


def open_names(folder: int, names: Sequence[str], flags: int) -> int:
    """Open what `names` lead to, each inside the one before; no names at all open `folder` anew."""
    *folders, last = names or (".",)
    with _inside(folder, folders) as parent:
        return _open_name(parent, last, flags)


def _without_parents(folder: int, path: str) -> list[str]:
    """The names left when every `..` has taken back the one before it, which must be a real folder."""
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            if not names:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            with _inside(folder, names):
                names.pop()
        elif name not in ("", "."):
            names.append(name)
    return names


@contextmanager
def _inside(folder: int, names: Sequence[str]) -> Generator[int]:
    """The folder that `names` lead to; at most two descriptors are open at a time."""
    here = os.dup(folder)
    try:
        for name in names:
            deeper = _open_name(here, name, _FOLDER)
            os.close(here)
            here = deeper
        yield here
    finally:
        os.close(here)


def _open_name(parent: int, name: str, flags: int) -> int:
    mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        raise LinkError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not flags & os.O_DIRECTORY:
        check_kind(mode)
    return os.open(name, flags | os.O_NOFOLLOW, dir_fd=parent)  # O_NOFOLLOW: what was looked at may be another by now
