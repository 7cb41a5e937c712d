"""The tools by which agents read references."""

from __future__ import annotations

import json
from typing import Any

from toolyard_agents.references.references import References
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.tool import Tool

PAGE = 8_000
"""Bytes of a page, unless the caller may be answered less."""
ID: JsonObject = {"type": "string", "description": "The reference's id, ref_…"}


def reference_tools(references: References) -> tuple[Tool, Tool]:
    """`resolve_ref` and `glimpse_ref`."""

    async def resolve(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            payload = await references.resolve(ctx.caller.principal, args["ref"])
        except UnknownName as error:
            raise ToolError(str(error)) from error
        return _page(payload, args.get("offset", 0), min(PAGE, ctx.caller.profile.limits.output_bytes // 2))

    async def glimpse(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            return {"ref": args["ref"], "glimpse": await references.glimpse(ctx.caller.principal, args["ref"])}
        except UnknownName as error:
            raise ToolError(str(error)) from error

    return (
        define_tool(
            name="resolve_ref",
            description="Read a stored value, a page at a time. Call it again with next_offset as offset to read on.",
            input_schema={
                "type": "object",
                "properties": {
                    "ref": ID,
                    "offset": {"type": "integer", "minimum": 0, "description": "Where to go on, in characters."},
                },
                "required": ["ref"],
                "additionalProperties": False,
            },
            handler=resolve,
        ),
        define_tool(
            name="glimpse_ref",
            description="The small view of a stored value: often all that is needed.",
            input_schema={
                "type": "object",
                "properties": {"ref": ID},
                "required": ["ref"],
                "additionalProperties": False,
            },
            handler=glimpse,
        ),
    )


def _page(payload: Any, offset: int, size: int) -> JsonObject:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    page = _within(text[offset : offset + size], size)
    end = offset + len(page)
    more = {"next_offset": end} if end < len(text) else {}
    return {"text": page, "offset": offset, "length": len(text), **more}


def _within(text: str, size: int) -> str:
    """As much of the text, from its beginning, as is at most `size` bytes of JSON; one character at least."""
    while len(text) > 1 and len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) > size:
        text = text[: max(len(text) * 3 // 4, 1)]
    return text
