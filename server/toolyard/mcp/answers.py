"""From outcomes to what MCP sends."""

from __future__ import annotations

import base64

import mcp_types as types
from mcp.shared.exceptions import MCPError

from toolyard_kernel.calls.outcomes import Outcome
from toolyard_kernel.content import Audio, Content, EmbeddedResource, Image, ResourceLink, Text, unicode_of


def answer_of(name: str, outcome: Outcome) -> types.CallToolResult:
    """The result of `tools/call`.

    Raises:
        MCPError: -32602, for a tool that does not exist for this caller: hidden and unknown look the same.
    """
    if isinstance(outcome.raised, MCPError):  # a handler that speaks MCP itself
        raise outcome.raised
    if outcome.hidden:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {name}")
    content = [block_of(block) for block in outcome.content]
    return types.CallToolResult(content=content, structured_content=outcome.structured, is_error=not outcome.ok)


def block_of(block: Content) -> types.ContentBlock:
    """One block of content."""
    match block:
        case Text():
            return types.TextContent(type="text", text=unicode_of(block.text))
        case Image():
            return types.ImageContent(type="image", data=_base64(block.data), mime_type=block.mime_type)
        case Audio():
            return types.AudioContent(type="audio", data=_base64(block.data), mime_type=block.mime_type)
        case EmbeddedResource():
            return types.EmbeddedResource(type="resource", resource=resource_block(block))
        case ResourceLink():
            return types.ResourceLink(
                type="resource_link",
                uri=block.uri,
                name=block.name,
                description=block.description,
                mime_type=block.mime_type,
            )


def resource_block(block: EmbeddedResource) -> types.TextResourceContents | types.BlobResourceContents:
    """What a resource holds."""
    if isinstance(block.content, str):
        return types.TextResourceContents(uri=block.uri, mime_type=block.mime_type, text=unicode_of(block.content))
    return types.BlobResourceContents(uri=block.uri, mime_type=block.mime_type, blob=_base64(block.content))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
