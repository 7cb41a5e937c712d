"""The headers of an HTTP request, read once for everybody who looks at them."""

from __future__ import annotations

from msgspec import Struct
from starlette.types import Scope

HEADERS_KEY = "toolyard.headers"
"""Where the HTTP guard leaves them in the ASGI scope."""

Raw = list[tuple[bytes, bytes]]


class Headers(Struct, frozen=True):
    """Names in lower case and values: all of them in their order, and the last of each name."""

    raw: Raw
    last: dict[bytes, bytes]

    @classmethod
    def of(cls, scope: Scope) -> Headers:
        """Those of a request. Whitespace around a value is no part of it, and httptools leaves what follows it."""
        raw = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        return cls(raw, dict(raw))

    def all(self, name: bytes) -> list[bytes]:
        """Every value that has this name."""
        if len(self.last) == len(self.raw):
            value = self.last.get(name)
            return [] if value is None else [value]
        return [value for each, value in self.raw if each == name]

    def repeat(self, names: frozenset[bytes]) -> bool:
        """Whether one of these names stands there twice."""
        return len(self.last) != len(self.raw) and any(len(self.all(name)) > 1 for name in names)
