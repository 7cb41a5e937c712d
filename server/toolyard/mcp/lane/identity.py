"""What the server says about itself: to `initialize`, to `server/discover`, and beside every modern answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from toolyard.mcp.lane.encoding import SERVER_KEY
from toolyard.mcp.lane.requests import HANDSHAKES, MODERN
from toolyard.version import VERSION
from toolyard_kernel.content import JsonObject

MINUTE = 60_000
"""Milliseconds for which lists and the server's own description may be kept."""

CAPABILITIES: JsonObject = {
    "completions": {},
    "prompts": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
    "tools": {"listChanged": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A server with Toolyard's own methods and no other. `server` is how it calls itself."""

    server: JsonObject
    instructions: str | None

    @classmethod
    def of(cls, name: str, instructions: str | None) -> Identity:
        return cls(server={"name": name, "version": VERSION}, instructions=instructions)

    @property
    def stamp(self) -> JsonObject:
        """What every modern result has."""
        return {"resultType": "complete", "_meta": {SERVER_KEY: self.server}}

    def initialized(self, asked: str) -> bytes:
        """The result of `initialize`, for a client that asks for this revision."""
        agreed = asked if asked in HANDSHAKES else HANDSHAKES[-1]
        return to_json({"protocolVersion": agreed, "serverInfo": self.server, **self._offer()})

    def discovered(self) -> bytes:
        """The result of `server/discover`."""
        kept = {"ttlMs": MINUTE, "cacheScope": "public"}
        return to_json({"supportedVersions": [MODERN], **self._offer(), **kept, **self.stamp})

    def _offer(self) -> dict[str, Any]:
        told = {} if self.instructions is None else {"instructions": self.instructions}
        return {"capabilities": CAPABILITIES, **told}
