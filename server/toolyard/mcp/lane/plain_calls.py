"""Which calls need nothing of the SDK: those of tools that look at no wire and that nobody is asked about."""

from __future__ import annotations

import json
from typing import NamedTuple

from toolyard.mcp.callers import Counter
from toolyard.mcp.lane.views import Views
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.content import JsonObject
from toolyard_kernel.tools.registry import Registered


class LaneTool(NamedTuple):
    """A tool as the lane sees it: whether its calls are `plain`, and its schema where headers may repeat arguments."""

    plain: bool
    annotated: JsonObject | None


UNKNOWN = LaneTool(plain=True, annotated=None)
"""The gate refuses it."""


class PlainCalls:
    """Remembers for each profile which tools can be called through the lane."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._tools = Views[dict[str, LaneTool]](counter, lambda caller: {})

    def of(self, name: str, caller: Caller) -> LaneTool:
        """The tool of that name; one that there is not is not remembered, since made-up names have no end."""
        tools = self._tools.of(caller)
        known = tools.get(name)
        if known is None:
            entry = self._counter.gate.registry.find(name)
            if entry is None:
                return UNKNOWN
            known = tools[name] = self._seen(entry, caller)
        return known

    def _seen(self, entry: Registered, caller: Caller) -> LaneTool:
        schema = entry.tool.input_schema
        annotated = self._counter.gate.allows(entry, caller) and "x-mcp-header" in json.dumps(schema)
        plain = not entry.tool.wire and not self._counter.gate.may_ask(entry, caller)
        return LaneTool(plain, schema if annotated else None)
