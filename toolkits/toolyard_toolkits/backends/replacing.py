"""Putting a file in its place: all of its content or nothing, and never anything outside of the folder."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass

from toolyard_toolkits.backends.refusals import refusal
from toolyard_toolkits.backends.rights import Rights
from toolyard_toolkits.backends.special import check_kind
from toolyard_toolkits.backends.turns import turn

FolderAt = Callable[[str], AbstractContextManager[int]]
"""A descriptor, of its own, of the folder at a path: confined, and `""` is the root."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK and O_NOCTTY: what was a file when it was looked at may be a FIFO or a terminal by now.
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
LONGEST_NAME = 255


def put(folder_at: FolderAt, path: str, content: bytes, *, replace: bool, expected: bytes | None = None) -> bool:
    """Make `path` hold `content`, as `Directory.write` says. A hard link to the old file keeps the old content.

    Raises:
        OSError, SpecialFileError, ToolError: it cannot be done, and nothing has changed but for folders that were made.
    """
    above, _, name = path.rpartition("/")
    if name in ("", ".", ".."):
        raise refusal(path, "this names a folder; give the path of a file")
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    with _parent(folder_at, above) as parent:
        place = _Place(path=path, parent=parent, name=name)
        old = place.old(replace=replace)
        if expected is not None and old is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with place.written(content, old) as new:
            place.take(new, replace=replace, expected=expected)
        return old is not None


@contextmanager
def _parent(folder_at: FolderAt, path: str) -> Generator[int]:
    """A descriptor of the folder at `path`, which is made where it is missing."""
    with ExitStack() as stack:
        try:
            parent = stack.enter_context(folder_at(path))
        except FileNotFoundError:
            names = [name for name in path.split("/") if name not in ("", ".")]
            if ".." in names:
                raise
            _make(folder_at, names)
            parent = stack.enter_context(folder_at(path))
        yield parent


def _make(folder_at: FolderAt, names: list[str]) -> None:
    for number, name in enumerate(names):
        with folder_at("/".join(names[:number])) as here, suppress(FileExistsError):
            os.mkdir(name, dir_fd=here)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The `name` in the folder that the descriptor `parent` has open, which `path` leads to."""

    path: str
    parent: int
    name: str

    def old(self, *, replace: bool) -> Rights | None:
        """The rights of the file that is there; an error if something else is, or if it may not be replaced."""
        try:
            mode = os.stat(self.name, dir_fd=self.parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(mode):
            raise refusal(self.path, "this is a symbolic link; see with `list` where it points, and give that path")
        if stat.S_ISDIR(mode):
            raise refusal(self.path, "this is a folder; give the path of a file")
        check_kind(mode)
        if not replace:
            reason = "there is a file here already, and the profile says file_write: create-only; choose a new path"
            raise refusal(self.path, reason)
        with self._opened() as file:
            if not os.access(self.name, os.W_OK, dir_fd=self.parent):
                raise refusal(self.path, "this file is write-protected; choose another path, or ask the operator")
            return Rights.of(file)

    @contextmanager
    def written(self, content: bytes, old: Rights | None) -> Generator[str]:
        """The name of a new file beside it, with the content and the rights of the old one; it is gone afterwards."""
        ending = f".{secrets.token_hex(8)}.tmp"
        stem = os.fsencode(self.name)[: LONGEST_NAME - len(ending) - 1].decode(errors="ignore")
        new = f".{stem}{ending}"
        # Nobody else can open it before it has the rights of the file whose place it takes.
        file = os.open(new, _NEW, 0o600 if old else 0o666, dir_fd=self.parent)
        try:
            try:
                _fill(file, content)
                if old:
                    old.give(file)
                os.fsync(file)
            finally:
                os.close(file)
            yield new
        finally:
            with suppress(FileNotFoundError):
                os.unlink(new, dir_fd=self.parent)

    def take(self, new: str, *, replace: bool, expected: bytes | None) -> None:
        """Move the file `new` to this name; one that comes up meanwhile stays, unless it may be replaced."""
        if not replace:  # unlike a rename, a link refuses a name that somebody else has taken meanwhile
            os.link(new, self.name, src_dir_fd=self.parent, dst_dir_fd=self.parent, follow_symlinks=False)
            return
        with turn(self.path, self.parent):
            if expected is not None and not self._holds(expected):
                raise refusal(
                    self.path, "this file was changed by somebody else meanwhile; read it again, then change it"
                )
            os.rename(new, self.name, src_dir_fd=self.parent, dst_dir_fd=self.parent)

    def _holds(self, expected: bytes) -> bool:
        with self._opened() as file:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode) or about.st_size != len(expected):
                return False
            with open(file, "rb", closefd=False) as now:
                return now.read(len(expected) + 1) == expected

    @contextmanager
    def _opened(self) -> Generator[int]:
        file = os.open(self.name, _OLD, dir_fd=self.parent)
        try:
            yield file
        finally:
            os.close(file)


def _fill(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
