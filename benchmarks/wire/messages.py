"""What clients ask, written beforehand, and what a right answer to it is.

Numbers have seven digits, so that every message of a kind is equally long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from benchmarks.wire.contenders import Era
from benchmarks.wire.servers.catalogue import NAME

Method = Literal["tools/call", "tools/list"]

FIRST = 1_000_000
LEGACY, MODERN = "2025-11-25", "2026-07-28"
ABOUT = {"name": "benchmark", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": ABOUT,
}
_NUMBER = f"{FIRST}".encode()


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One kind of request, each with a number of its own, and its answer: the first is read, the others compared."""

    method: Method
    era: Era
    tools: int
    _template: tuple[bytes, ...] = ()
    _known: tuple[bytes, ...] = field(default=())

    def __post_init__(self) -> None:
        params: dict[str, Any] = {"_meta": META} if self.era == "modern" else {}
        if self.method == "tools/call":
            params |= {"name": NAME, "arguments": {"text": f"message {FIRST}"}}
        self._template = tuple(written({"id": FIRST, "method": self.method, "params": params}).split(_NUMBER))

    def request(self, number: int) -> bytes:
        return (b"%d" % number).join(self._template)

    @property
    def length(self) -> int:
        return len(self.request(FIRST))

    def holds(self, number: int, answer: bytes) -> bool:
        """Whether this is a right answer to the request of that number."""
        digits = b"%d" % number
        if self._known and digits.join(self._known) == answer:
            return True
        try:
            right = self._is_right(number, read(answer))
        except (ValueError, LookupError, TypeError):
            return False
        if right:
            self._known = tuple(answer.split(digits))
        return right

    def _is_right(self, number: int, answer: Mapping[str, Any]) -> bool:
        if answer["id"] != number:
            return False
        result: Mapping[str, Any] = answer["result"]
        if self.method == "tools/list":
            return len(result["tools"]) == self.tools and "nextCursor" not in result
        (block,) = result["content"]
        return not result.get("isError") and (block["type"], block["text"]) == ("text", f"message {number}")


def written(message: Mapping[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()


def read(answer: bytes) -> dict[str, Any]:
    """The message of an answer, which can be a stream with one event."""
    if not answer.startswith(b"{"):
        lines = (line.removeprefix(b"data:") for line in answer.splitlines() if line.startswith(b"data:"))
        answer = next((line for line in lines if line.strip()), b"{}")
    return cast("dict[str, Any]", json.loads(answer))


INITIALIZE = written(
    {
        "id": "hello",
        "method": "initialize",
        "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": ABOUT},
    }
)
INITIALIZED = written({"method": "notifications/initialized"})
