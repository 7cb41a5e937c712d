"""Going down by names: a path that may be longer than the operating system takes at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from toolyard_kernel.backends import Directory

Names = tuple[str, ...]
"""The names that lead from a folder to something below it."""

MOST_NAMES = 15
"""Names in one path, so that it is within 4,095 bytes."""


@contextmanager
def inside(folder: Directory, names: Sequence[str]) -> Generator[Directory]:
    """The folder that `names` lead to, in steps that are no longer than a path may be."""
    with ExitStack() as opened:
        for start in range(0, len(names), MOST_NAMES):
            folder = opened.enter_context(folder.folder("/".join(names[start : start + MOST_NAMES])))
        yield folder
