"""What the suites call in both eras: tools that answer without asking anything."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import MISSING_REQUIRED_CLIENT_CAPABILITY

from tests.conformance.samples import PNG, WAV
from toolyard import Audio, EmbeddedResource, Image, Text, ToolContext, ToolError, define_tool, tool

PAUSE = 0.05
"""Seconds between two messages of one call, as the suites ask."""

ADDRESS = {
    "$anchor": "addressDef",
    "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
}
EVERY_KEYWORD: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": ADDRESS},
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
REGION = {"type": "string", "description": "Where to look.", "x-mcp-header": "Region"}


@tool
def test_simple_text() -> str:
    """Answer with text."""
    return "This is a simple text response for testing."


@tool
def test_image_content() -> Image:
    """Answer with an image."""
    return Image(data=PNG, mime_type="image/png")


@tool
def test_audio_content() -> Audio:
    """Answer with a sound."""
    return Audio(data=WAV, mime_type="audio/wav")


@tool
def test_embedded_resource() -> EmbeddedResource:
    """Answer with a resource."""
    text = "This is an embedded resource content."
    return EmbeddedResource(uri="test://embedded-resource", content=text, mime_type="text/plain")


@tool
def test_multiple_content_types() -> list[Text | Image | EmbeddedResource]:
    """Answer with text, an image and a resource."""
    return [
        Text("Multiple content types test:"),
        Image(data=PNG, mime_type="image/png"),
        EmbeddedResource(
            uri="test://mixed-content-resource",
            content='{"test":"data","value":123}',
            mime_type="application/json",
        ),
    ]


@tool
def test_error_handling() -> None:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


@tool
async def test_tool_with_progress(ctx: ToolContext) -> str:
    """Report progress three times."""
    await ctx.progress(0, 100)
    await asyncio.sleep(PAUSE)
    await ctx.progress(50, 100)
    await asyncio.sleep(PAUSE)
    await ctx.progress(100, 100)
    return "Reported 0, 50 and 100 of 100"


@tool
def test_missing_capability() -> None:
    """Need a capability that the client has not declared."""
    needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
    raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs a client that can sample", needed)


def said(arguments: dict[str, Any], ctx: ToolContext) -> dict[str, Any]:
    return arguments


TOOLS = (
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_progress,
    test_missing_capability,
    define_tool(
        name="json_schema_2020_12_tool",
        description="Say the arguments, whose schema has every keyword of JSON Schema 2020-12 that is often lost.",
        input_schema=EVERY_KEYWORD,
        handler=said,
    ),
    define_tool(
        name="test_x_mcp_header",
        description="Say the region, which a client repeats in a header.",
        input_schema={"type": "object", "properties": {"region": REGION}, "required": ["region"]},
        handler=said,
    ),
)
