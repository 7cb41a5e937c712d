"""Putting a file in its place: all of its content or nothing, and never anything outside of the folder."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from toolyard_toolkits.backends.refusals import refusal
from toolyard_toolkits.backends.special import check_kind

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
LONGEST_NAME = 255

Opener = Callable[[int, str, int], int]


def put(folder: int, opener: Opener, path: str, content: bytes, *, replace: bool) -> None:
    """Make `path` below the descriptor `folder` hold `content`. A hard link to the old file keeps the old content.

    Raises:
        OSError, SpecialFileError, ToolError: it cannot be done, and nothing has changed but for folders that were made.
    """
    above, _, name = path.rstrip("/").rpartition("/")
    if path.endswith("/") or name in ("", ".", ".."):
        raise refusal(path, "this names a folder; give the path of a file")
    with _parent(folder, opener, above) as parent:
        old = _old(parent, name)
        if old and stat.S_ISLNK(old.st_mode):
            raise refusal(path, "this is a symbolic link; see with `list` where it points, and give that path")
        if old and stat.S_ISDIR(old.st_mode):
            raise refusal(path, "this is a folder; give the path of a file")
        if old:
            check_kind(old.st_mode)
            _check_replaceable(path, parent, name, replace=replace)
        with _written(parent, name, content, old) as new:
            if replace:
                os.rename(new, name, src_dir_fd=parent, dst_dir_fd=parent)
            else:  # unlike a rename, a link refuses a name that somebody else has taken meanwhile
                os.link(new, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)


@contextmanager
def _parent(folder: int, opener: Opener, path: str) -> Generator[int]:
    """A descriptor of the folder at `path`, which is made where it is missing."""
    try:
        parent = opener(folder, path or ".", _FOLDER)
    except FileNotFoundError:
        parent = _made(folder, opener, path)
    try:
        yield parent
    finally:
        os.close(parent)


def _made(folder: int, opener: Opener, path: str) -> int:
    here, names = os.dup(folder), [name for name in path.split("/") if name]
    for number, name in enumerate(names, 1):
        try:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=here)
            deeper = opener(folder, "/".join(names[:number]), _FOLDER)
        finally:
            os.close(here)
        here = deeper
    return here


def _old(parent: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _check_replaceable(path: str, parent: int, name: str, *, replace: bool) -> None:
    if not replace:
        reason = "there is a file here already, and the profile says file_write: create-only; choose a new path"
        raise refusal(path, reason)
    if not os.access(name, os.W_OK, dir_fd=parent):
        raise refusal(path, "this file is write-protected; choose another path, or ask the operator")


@contextmanager
def _written(parent: int, name: str, content: bytes, old: os.stat_result | None) -> Generator[str]:
    """The name of a new file beside `name`, with the content and the rights of the old one; it is gone afterwards."""
    ending = f".{secrets.token_hex(8)}.tmp"
    stem = os.fsencode(name)[: LONGEST_NAME - len(ending) - 1].decode(errors="ignore")
    new = f".{stem}{ending}"
    file = os.open(new, _NEW, 0o666, dir_fd=parent)
    try:
        try:
            _fill(file, content)
            if old:
                _like(file, old)
            os.fsync(file)
        finally:
            os.close(file)
        yield new
    finally:
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=parent)


def _fill(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


def _like(file: int, old: os.stat_result) -> None:
    with suppress(PermissionError):  # only root may give a file away
        os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, stat.S_IMODE(old.st_mode))
