"""Files that are made once, by whoever comes first, and are private to their owner."""

from __future__ import annotations

import os
from pathlib import Path

from toolyard_kernel.whole_files import drafted


def create_once(path: Path, text: str) -> bool:
    """Make `path` with `text`, with mode 0600 in a folder with mode 0700; False when it is there already.

    It is linked into place whole: nobody reads half of it, and of several processes exactly one is first.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with drafted(path, text) as draft:
            os.link(draft, path)
    except FileExistsError:
        return False
    return True
