"""Cursors: where the next page of an answer begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from toolyard_kernel.errors import ToolError


def cursor_after(offset: int, *asked: object) -> str:
    """A text that stands for what comes after the first `offset` rows of what was asked, and of nothing else.

    It holds no secret and grants nothing, so that it outlives a restart and serves every process.
    """
    return base64.urlsafe_b64encode(f"{offset}.{_digest(offset, asked)}".encode()).decode().rstrip("=")


def offset_of(cursor: str | None, *asked: object) -> int:
    """How many rows were seen before; none without a cursor.

    Raises:
        ToolError: the cursor is not one that this same question was answered with.
    """
    if cursor is None:
        return 0
    try:
        written = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        number, _, digest = written.partition(".")
        offset = int(number) if number.isdecimal() and len(number) <= len(str(2**63)) else -1
    except (ValueError, binascii.Error):
        offset, digest = -1, ""
    if offset < 0 or digest != _digest(offset, asked):
        shown = cursor if len(cursor) <= len(cursor_after(2**63)) else f"{cursor[:40]}…"
        raise ToolError(
            f"cursor {shown!r} belongs to no answer to this question; repeat the call that gave it with all other "
            f"arguments unchanged, or leave the cursor out to begin anew"
        )
    return offset


def _digest(offset: int, asked: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps([offset, *asked]).encode()).hexdigest()[:16]
