"""Which calls need nothing of the SDK: those of tools that look at no wire and that nobody is asked about."""

from __future__ import annotations

from toolyard.mcp.callers import Counter
from toolyard.mcp.lane.views import Views
from toolyard_kernel.calls.callers import Caller


class PlainCalls:
    """Remembers for each profile which tools can be called through the lane."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._tools = Views[dict[str, bool]](counter, lambda caller: {})

    def takes(self, name: str, caller: Caller) -> bool:
        """Whether this caller's calls of the tool can be made here."""
        tools = self._tools.of(caller)
        known = tools.get(name)
        if known is None:
            entry = self._counter.gate.registry.find(name)
            if entry is None:
                return True  # the gate refuses it; not remembered, since the names that clients make up have no end
            known = tools[name] = not entry.tool.wire and not self._counter.gate.may_ask(entry, caller)
        return known
