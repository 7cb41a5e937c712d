"""Lists in pages: each one begins after the last name of the page before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

import mcp_types as types
from mcp.shared.exceptions import MCPError

from toolyard.mcp.cursors import PAGE, cursor_of

Item = TypeVar("Item")


def page_of(
    items: Iterable[Item], name: Callable[[Item], str], params: types.PaginatedRequestParams | None
) -> tuple[list[Item], str | None]:
    """One page of `items`, which come in the order of their names, and the cursor of the next page if there is one.

    Raises:
        MCPError: -32602, for a cursor that no page gave.
    """
    after = _name_in(params.cursor) if params and params.cursor is not None else ""
    page = list(islice((item for item in items if name(item) > after), PAGE + 1))
    return page[:PAGE], cursor_of(name(page[PAGE - 1])) if len(page) > PAGE else None


def _name_in(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise MCPError(types.INVALID_PARAMS, "Invalid cursor: use the nextCursor of the page before") from error
