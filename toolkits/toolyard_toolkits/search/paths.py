"""Where things are below a root."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from toolyard_kernel.backends import Directory
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import refusal

Names = tuple[str, ...]
"""The names that lead from the root to something below it."""

MOST_NAMES = 15
"""Names in one path, so that it is within 4,095 bytes."""


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
def inside(root: Directory, names: Sequence[str]) -> Generator[Directory]:
    """The folder that `names` lead to, in steps that are no longer than a path may be."""
    with ExitStack() as opened:
        for begin in range(0, len(names), MOST_NAMES):
            root = opened.enter_context(root.folder("/".join(names[begin : begin + MOST_NAMES])))
        yield root


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
