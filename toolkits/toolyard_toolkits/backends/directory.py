"""An open folder of this machine, and nothing outside of it, whatever happens to the folder meanwhile.

A path is never checked first and used later: the descriptor that answers a call is the one whose opening was confined.
A hard link is a file of the folder like any other, even when the same file has a name outside: whoever could make the
link could make a copy.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from toolyard_kernel.backends import Entry
from toolyard_toolkits.backends.private import check_name, check_private
from toolyard_toolkits.backends.refusals import refusal, refused
from toolyard_toolkits.backends.replacing import put
from toolyard_toolkits.backends.special import SpecialFileError, check_kind, kind_of
from toolyard_toolkits.backends.stepwise import LinkError, open_stepwise

Opener = Callable[[int, str, int], int]
"""`opener(folder, path, flags)`: a descriptor of something below the descriptor `folder`."""

LONGEST_PATH = 4095

# O_NONBLOCK and O_NOCTTY: opening a FIFO must not wait for a writer, nor a terminal become this process's own.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = _FILE | os.O_DIRECTORY

_PROC = Path("/proc")


@contextmanager
def opened(folder: Path, *, openat2: bool = True) -> Generator[LocalDirectory]:
    """The folder, opened anew, so that one that was replaced, as by a fresh checkout, is found again.

    `openat2=False` goes step by step, without following any symbolic link, even where the kernel knows better.

    Raises:
        OSError, ValueError: it is missing, is no folder, or may not be read.
    """
    with _closing(os.open(folder, _FOLDER)) as descriptor:
        _check_device(descriptor)
        check_private(descriptor)
        opener = _best_opener(descriptor) if openat2 else open_stepwise
        yield LocalDirectory(descriptor=descriptor, opener=opener)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDirectory:
    """A `Directory` by its descriptor. Errors inside the `with` blocks name the path as given."""

    descriptor: int
    opener: Opener

    @contextmanager
    def file(self, path: str) -> Generator[BinaryIO]:
        with _naming(path), self._open(path, _FILE) as file:
            mode = os.fstat(file).st_mode
            if stat.S_ISDIR(mode):
                raise refusal(path, "this is a folder; see with `list` what is in it")
            check_kind(mode)
            yield cast("BinaryIO", open(file, "rb", buffering=0, closefd=False))  # noqa: SIM115 - a descriptor

    @contextmanager
    def folder(self, path: str) -> Generator[LocalDirectory]:
        with _naming(path), self._open(path, _FOLDER) as folder:
            yield LocalDirectory(descriptor=folder, opener=self.opener)

    def entries(self) -> Iterator[Entry]:
        with os.scandir(self.descriptor) as found:
            for each in found:
                try:
                    yield _entry(self.descriptor, each.name)
                except OSError:
                    continue  # it went away after its folder was read

    def write(self, path: str, content: bytes, *, replace: bool, expected: bytes | None = None) -> bool:
        with _naming(path):
            _check(path)
            check_name(path)  # of folders that the writing would make
            return put(self._folder_at, path, content, replace=replace, expected=expected)

    @contextmanager
    def _open(self, path: str, flags: int) -> Generator[int]:
        _check(path)
        with _closing(self.opener(self.descriptor, path, flags)) as found:
            _check_device(found)
            check_private(found)
            yield found

    def _folder_at(self, path: str) -> AbstractContextManager[int]:
        return self._open(path or ".", _FOLDER)


def _entry(folder: int, name: str) -> Entry:
    about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(about.st_mode):
        return Entry(name=name, kind="link", size=about.st_size, target=os.readlink(name, dir_fd=folder))
    if stat.S_ISDIR(about.st_mode):
        return Entry(name=name, kind="folder", size=about.st_size)
    return Entry(name=name, kind=kind_of(about.st_mode) or "file", size=about.st_size)


def _check_device(opened: int) -> None:
    """/proc holds this server's environment and memory, and with them its secrets."""
    if os.fstat(opened).st_dev == _processes():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@cache  # to ask each time took a tenth of a millisecond for each file
def _processes() -> int | None:
    return _PROC.stat().st_dev if _PROC.is_mount() else None


def _best_opener(folder: int) -> Opener:
    if sys.platform != "linux":
        return open_stepwise
    from toolyard_toolkits.backends import openat2  # noqa: PLC0415 - ctypes costs 3 ms, and not every server opens a folder

    return openat2.open_beneath if openat2.is_supported(folder) else open_stepwise


def _check(path: str) -> None:
    if not path:
        raise refusal(path, "give the path of something below the root; `.` is the root itself")
    if "\0" in path:
        raise refusal(path, "no path can hold a NUL character")
    if path.startswith("/"):
        raise refusal(
            path, "give a path relative to the root folder, such as `src/main.py`; `list` shows what there is"
        )
    try:
        size = len(os.fsencode(path))
    except UnicodeEncodeError as error:
        raise refusal(path, "this holds half a character, which no name can; see with `list` what there is") from error
    if size > LONGEST_PATH:
        raise refused(path, OSError(errno.ENAMETOOLONG, ""))


@contextmanager
def _naming(path: str) -> Generator[None]:
    try:
        yield
    except LinkError as error:
        link = "there is a symbolic link on this path, and none can be followed safely on this system"
        raise refusal(path, f"{link}; see with `list` where it points, and give that path") from error
    except SpecialFileError as error:
        raise refusal(path, f"this is a {error.kind}, and only regular files are used; choose another path") from error
    except OSError as error:
        raise refused(path, error) from error


@contextmanager
def _closing(descriptor: int) -> Generator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
