"""Names and ids in the alphabet of the Messages API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from toolyard_agents.models.model import ModelRequest

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class WireNames:
    """What the tools of one request are called on the wire, which has no `.` and no `/`, and back."""

    by_tool: dict[str, str]
    by_wire: dict[str, str]

    @classmethod
    def of(cls, request: ModelRequest) -> WireNames:
        """The names of a request's tools, and of those that its conversation called."""
        called = (call.name for message in request.messages for call in message.tool_calls)
        names = cls({}, {})
        ordered = dict.fromkeys([*(tool.name for tool in request.tools), *called])
        for name in sorted(ordered, key=lambda name: bool(_FOREIGN.search(name))):  # a name that fits keeps itself
            wire = _FOREIGN.sub("_", name)
            names.by_tool[name] = wire = f"{wire}-{_digest(name)}" if wire in names.by_wire else wire
            names.by_wire[wire] = name
        return names


def wire_id(id: str) -> str:
    """The id of a call as it is sent: one that fits as it is."""
    return f"toolu_{_digest(id)}" if not id or _FOREIGN.search(id) else id


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:12]
