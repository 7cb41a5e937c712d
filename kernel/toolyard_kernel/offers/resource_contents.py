"""From what a resource's handler returned to contents within the caller's limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from toolyard_kernel.calls.results import MEDIA_BYTES
from toolyard_kernel.content import EmbeddedResource
from toolyard_kernel.errors import ToolError


def contents_of(value: Any, uri: str, mime_type: str | None, limit: int) -> tuple[EmbeddedResource, ...]:
    """The contents of the resource at `uri`: at most `limit` bytes of text, and of bytes what any content may have.

    A resource is read for what it says, so one that is too large is refused, where a tool's answer would be cut.

    Raises:
        ToolError: the value is no content, or too much of it.
    """
    contents = _contents(value, uri, mime_type)
    text = sum(len(item.content.encode(errors="replace")) for item in contents if isinstance(item.content, str))
    if text > limit:
        raise ToolError(f"the resource {uri} has {text} bytes of text and the limit is {limit} (output_bytes)")
    for item in contents:
        if isinstance(item.content, bytes) and len(item.content) > MEDIA_BYTES:
            raise ToolError(f"the resource {uri} has {len(item.content)} bytes and the limit is {MEDIA_BYTES}")
    return contents


def _contents(value: Any, uri: str, mime_type: str | None) -> tuple[EmbeddedResource, ...]:
    if isinstance(value, str | bytes):
        return (EmbeddedResource(uri=uri, content=value, mime_type=mime_type),)
    if isinstance(value, EmbeddedResource):
        return (value,)
    if isinstance(value, list | tuple):
        items = tuple(cast("Sequence[object]", value))
        if all(isinstance(item, EmbeddedResource) for item in items):
            return cast("tuple[EmbeddedResource, ...]", items)
    kind = type(cast("object", value)).__name__
    raise ToolError(f"the resource {uri} returned a {kind}; expected text, bytes, or a list of EmbeddedResource")
