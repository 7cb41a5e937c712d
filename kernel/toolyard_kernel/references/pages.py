"""One page of a text."""

from __future__ import annotations

import json

from toolyard_kernel.content import JsonObject

PAGE = 8_000
"""Bytes of a page, unless the caller may be answered less."""


def page_of(text: str, offset: int, limit: int) -> JsonObject:
    """The page of a text that begins at a character, for a caller who may be answered `limit` bytes.

    `next_offset` is where the next page begins, if there is one.
    """
    size = min(PAGE, limit // 2)
    page = _within(text[offset : offset + size], size)
    end = offset + len(page)
    more = {"next_offset": end} if end < len(text) and page else {}
    return {"text": page, "offset": offset, "length": len(text), **more}


def _within(text: str, size: int) -> str:
    """As much of the text, from its beginning, as is at most `size` bytes of JSON; one character at least."""
    while len(text) > 1 and len(json.dumps(text)) > size:
        text = text[: max(len(text) * 3 // 4, 1)]
    return text
