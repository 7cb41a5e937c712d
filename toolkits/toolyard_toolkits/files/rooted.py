"""Opening files below a root folder, and nothing else, whatever happens to the folder meanwhile.

A path is never checked first and used later: the descriptor that answers a call is the one whose opening was confined.
A hard link is a file of the root like any other, even when the same file has a name outside: whoever could make the
link could make a copy.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolyard_kernel.errors import ConfigError
from toolyard_toolkits.files.refusals import refusal, refused
from toolyard_toolkits.files.special import SpecialFileError, check_kind
from toolyard_toolkits.files.stepwise import LinkError, open_names, open_stepwise

Opener = Callable[[int, str, int], int]
"""`opener(folder, path, flags)`: a descriptor of something below the descriptor `folder`."""

LONGEST_PATH = 4095

# O_NONBLOCK and O_NOCTTY: opening a FIFO must not wait for a writer, nor a terminal become this process's own.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = _FILE | os.O_DIRECTORY

_PROC = Path("/proc")


class Root:
    """A folder below which files and folders can be opened. Errors inside the `with` blocks name the path as given.

    The folder is opened anew for every call, so that one that is replaced, as by a fresh checkout, is found again.
    """

    def __init__(self, folder: Path, *, openat2: bool = True) -> None:
        """`openat2=False` goes step by step, without following any symbolic link, even where the kernel knows better.

        Raises:
            ConfigError: `folder` is missing, is no folder, or may not be read.
        """
        self._folder = folder
        self._opener: Opener | None = None if openat2 else open_stepwise
        self._processes = _PROC.stat().st_dev if _PROC.is_mount() else None
        try:
            os.close(self._open_root())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f"root {str(folder)!r}: {reason}; expected a folder that can be read") from error

    @contextmanager
    def open_file(self, path: str) -> Generator[int]:
        """A descriptor of the regular file at `path`.

        Raises:
            ToolError: there is none, it is not below the root, or it cannot be read.
        """
        with _naming(path), self._open(path, _FILE) as file:
            mode = os.fstat(file).st_mode
            if stat.S_ISDIR(mode):
                raise refusal(path, "this is a folder; see with `list` what is in it")
            check_kind(mode)
            yield file

    @contextmanager
    def open_folder(self, path: str) -> Generator[int]:
        """A descriptor of the folder at `path`.

        Raises:
            ToolError: there is none, it is not below the root, or it cannot be read.
        """
        with _naming(path), self._open(path, _FOLDER) as folder:
            yield folder

    @contextmanager
    def open_inside(self, folder: int, names: Sequence[str]) -> Generator[int]:
        """A descriptor of the folder that `names` lead to from another; symbolic links are never followed.

        Raises:
            OSError: it is gone, is no folder any more, or may not be read.
        """
        with _closing(open_names(folder, names, _FOLDER)) as inner:
            self._check_device(inner)
            yield inner

    @contextmanager
    def _open(self, path: str, flags: int) -> Generator[int]:
        _check(path)
        try:
            root = self._open_root()
        except OSError as error:
            raise refusal(path, "the root folder of these tools is gone; ask the operator to restore it") from error
        with _closing(root):
            opener = self._opener = self._opener or _best_opener(root)
            opened = opener(root, path, flags)
        with _closing(opened):
            self._check_device(opened)
            yield opened

    def _check_device(self, opened: int) -> None:
        """/proc holds this server's environment and memory, and with them its secrets."""
        if os.fstat(opened).st_dev == self._processes:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _open_root(self) -> int:
        return os.open(self._folder, _FOLDER)


def _best_opener(root: int) -> Opener:
    if sys.platform != "linux":
        return open_stepwise
    from toolyard_toolkits.files import openat2  # noqa: PLC0415 - ctypes costs 3 ms, and start-up opens no file

    return openat2.open_beneath if openat2.is_supported(root) else open_stepwise


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
        raise refusal(path, f"this is a {error.kind}, and only regular files are read; choose another path") from error
    except OSError as error:
        raise refused(path, error) from error


@contextmanager
def _closing(descriptor: int) -> Generator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
