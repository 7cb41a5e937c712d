"""The tools by which agents read references."""

from __future__ import annotations

from toolyard_agents.references.references import References
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.references.overflow import RESOLVE
from toolyard_kernel.references.pages import page_of
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.tool import Tool

ID: JsonObject = {"type": "string", "description": "The reference's id, ref_…"}


def reference_tools(references: References) -> tuple[Tool, Tool]:
    """`resolve_ref` and `glimpse_ref`."""

    async def resolve(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            text = await references.text(ctx.caller, args["ref"])
        except UnknownName as error:
            raise ToolError(str(error)) from error
        return page_of(text, args.get("offset", 0), ctx.caller.profile.limits.output_bytes)

    async def glimpse(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            return {"ref": args["ref"], "glimpse": await references.glimpse(ctx.caller.principal, args["ref"])}
        except UnknownName as error:
            raise ToolError(str(error)) from error

    return (
        define_tool(
            name=RESOLVE,
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
