"""Where things are below a root."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from toolyard_kernel.backends import Directory
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import refusal
from toolyard_toolkits.names import MOST_NAMES, Names, inside


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    names: Names
    size: int


def names_of(path: str) -> Names:
    """The names in a path that a caller gave.

    Raises:
        ToolError: it goes up by `..`.
    """
    names = tuple(name for name in path.split("/") if name not in ("", "."))
    if ".." in names:
        raise refusal(path, "`..` is not supported here; give the path from the root folder down")
    return names


def is_folder(root: Directory, path: str) -> bool:
    """Whether there is a folder at `path`; if not, there is a file.

    Raises:
        ToolError: there is neither, or it cannot be opened.
    """
    try:
        with root.folder(path):
            return True
    except ToolError:
        with root.file(path):
            return False


@contextmanager
def opened(root: Directory, names: Sequence[str]) -> Generator[BinaryIO]:
    """The file that `names` lead to."""
    *folders, last = names
    if len(names) <= MOST_NAMES:
        with root.file("/".join(names)) as file:
            yield file
        return
    with inside(root, folders) as folder, folder.file(last) as file:
        yield file
