"""`tools/list` as bytes, made once for each version of the tools and each profile that looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from toolyard.mcp.callers import Counter
from toolyard.mcp.catalogue import listed
from toolyard.mcp.cursors import PAGE, cursor_of
from toolyard.mcp.lane.views import Views
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject

Pages = dict[str | None, bytes]
"""Each page by the cursor that asks for it; None asks for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    modern: Pages
    handshake: Pages


class Listing:
    """The lists that clients get, in the order of the tools' names."""

    def __init__(self, counter: Counter, more: JsonObject) -> None:
        """`more` is what stands beside the tools in a modern answer."""
        self._counter = counter
        self._more = more
        self._views = Views(counter, self._made)

    def page(self, cursor: str | None, caller: Caller, *, modern: bool) -> bytes | None:
        """The result for this caller; None when the SDK must answer."""
        view = self._views.of(caller)
        return (view.modern if modern else view.handshake).get(cursor)

    def _made(self, caller: Caller) -> _View:
        tools = listed(self._counter.gate, caller)
        try:
            if all(map(_is_plain, tools)):
                return _View(modern=_pages(tools, self._more), handshake=_pages(tools, {}))
        except ValueError:  # half a surrogate pair in a description: the SDK says what becomes of it
            pass
        return _View(modern={}, handshake={})


def _pages(tools: list[JsonObject], more: JsonObject) -> Pages:
    pages: Pages = {}
    cursor: str | None = None
    for start in range(0, max(len(tools), 1), PAGE):
        page = tools[start : start + PAGE]
        following = cursor_of(page[-1]["name"]) if start + PAGE < len(tools) else None
        told: JsonObject = {"tools": page} if following is None else {"tools": page, "nextCursor": following}
        pages[cursor] = to_json({**more, **told})
        cursor = following
    return pages


def _is_plain(tool: JsonObject) -> bool:
    return all(_is_plain_schema(tool[name]) for name in ("inputSchema", "outputSchema") if name in tool)


def _is_plain_schema(schema: JsonObject) -> bool:
    """Whether the SDK's models would pass it on as it is."""
    properties: Any = schema.get("properties", {})
    required: Any = schema.get("required", [])
    return (
        schema.get("type") == "object"
        and None not in schema.values()
        and type(schema.get("$schema", "")) is str
        and (type(properties), type(required)) == (dict, list)
        and all(type(one) in (dict, bool) for one in properties.values())
        and all(type(one) is str for one in required)
    )
