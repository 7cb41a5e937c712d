"""The lines that stand for the entries of a folder."""

from __future__ import annotations

import os
import stat

from toolyard_toolkits.files.refusals import visible
from toolyard_toolkits.files.special import kind_of

Names = tuple[str, ...]
"""The names that lead from the listed folder to something in it."""


def entry_line(here: int, names: Names) -> str:
    """The line for the last of `names`, which is in the folder `here`.

    Raises:
        OSError: it is gone.
    """
    name, path = names[-1], visible("/".join(names))
    about = os.stat(name, dir_fd=here, follow_symlinks=False)
    if stat.S_ISDIR(about.st_mode):
        return f"{path}/"
    if stat.S_ISLNK(about.st_mode):
        return f"{path} -> {visible(os.readlink(name, dir_fd=here))}"
    kind = kind_of(about.st_mode)
    return f"{path}  ({kind})" if kind else f"{path}  {about.st_size} bytes"


def closed_line(names: Names, error: OSError) -> str:
    """The line for a folder that cannot be opened."""
    return f"{visible('/'.join(names))}/  (cannot be opened: {error.strerror})"
