"""Secrets that every process of one state folder shares."""

from __future__ import annotations

import secrets
from pathlib import Path

from toolyard.errors import StartError
from toolyard_kernel.exclusive_files import create_once

BYTES = 32


def shared_secret(path: Path) -> str:
    """The secret in `path`, made by whoever comes first; only its owner can read it.

    Raises:
        StartError: it can be neither read nor made, or others can read it.
    """
    try:
        if not path.exists():
            create_once(path, secrets.token_hex(BYTES))
        if path.stat().st_mode & 0o077:
            raise StartError(f"{path} can be read by others: make it private with chmod 600, or delete it")
        return path.read_text()
    except OSError as error:
        raise StartError(f"{path} cannot be used: {error.strerror}; make its folder writable") from error
