"""Files that whoever reads them finds whole: the old content or the new one, never half of either."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
_ANY = 0o666
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(
    path: Path, text: str, *, mode: int | None = PRIVATE, folder: int | None = None, sync: bool = False
) -> None:
    """Make `path` hold `text`, whole or not at all. `folder` is the descriptor of the folder that `path` is in.

    A `mode` of None keeps that of the file that is there, or is what the umask leaves. With `sync`, the content is on
    the disk before it is found under this name.

    Raises:
        OSError: it cannot be written; what was there is there still, and nothing is left beside it.
    """
    with drafted(path, text, mode=mode, folder=folder, sync=sync) as draft:
        os.replace(draft, path, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def drafted(
    path: Path, text: str, *, mode: int | None = PRIVATE, folder: int | None = None, sync: bool = False
) -> Generator[Path]:
    """A new file beside `path` that holds `text`, to be moved or linked into its place; it is gone afterwards."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    given = _mode(path, folder) if mode is None else mode
    descriptor = os.open(draft, _NEW, _ANY if given is None else given, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if given is not None:
                os.fchmod(descriptor, given)
            file.write(text)
            file.flush()
            if sync:
                os.fsync(descriptor)
        yield draft
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)


def _mode(path: Path, folder: int | None) -> int | None:
    try:
        return os.stat(path, dir_fd=folder).st_mode & 0o777
    except FileNotFoundError:
        return None
