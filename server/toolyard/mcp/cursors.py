"""How many items a page of a list has, and what names the page after it."""

from __future__ import annotations

import base64

PAGE = 1000
"""Items on one page of any list."""


def cursor_of(name: str) -> str:
    """The cursor of the page that begins after the item of this name."""
    return base64.urlsafe_b64encode(name.encode()).decode()
