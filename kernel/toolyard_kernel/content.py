"""What a call answers with: blocks of content, in the order a reader should see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


def unicode_of(text: str) -> str:
    """`text` as every reader of JSON takes it: half of a surrogate pair, as in odd file names, becomes `?`."""
    return text if text.isascii() else text.encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Raw bytes (not base64) of an image; `mime_type` such as `image/png`."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Raw bytes (not base64) of a sound; `mime_type` such as `audio/wav`."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedResource:
    """A resource carried inside the answer, as text or as raw bytes."""

    uri: str
    content: str | bytes
    mime_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceLink:
    """A resource the client may read later by its `uri`."""

    uri: str
    name: str
    description: str | None = None
    mime_type: str | None = None


Content = Text | Image | Audio | EmbeddedResource | ResourceLink


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequired:
    """What a handler returns to a 2026-07-28 client when it cannot go on without more from it.

    `requests` maps keys of your choice to MCP requests (`{"method": "elicitation/create", "params": {…}}`). The client
    makes the same call again; its answers are then in `ctx.wire`, and `state`, which it cannot read or change, in
    `ctx.resumed`.
    """

    requests: Mapping[str, JsonObject]
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a handler returns when a plain value does not say enough.

    `structured` is a JSON object and is checked against the tool's output schema. `is_error` answers the call
    as a failed one without raising.
    """

    content: Sequence[Content] = ()
    structured: JsonObject | None = None
    is_error: bool = False
