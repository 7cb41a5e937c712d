"""The tool by which an agent reads references."""

from __future__ import annotations

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.references.overflow import RESOLVE
from toolyard_kernel.references.pages import page_of
from toolyard_kernel.references.store import ReferenceStore
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.tool import Tool

REF: JsonObject = {"type": "string", "description": "The reference's id, ref_…"}


def resolve_tool(store: ReferenceStore) -> Tool:
    """`resolve_ref`, which reads what is kept in `store` for its caller."""

    async def resolve(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            text = await store.text(ctx.caller, args["ref"])
        except UnknownName as error:
            raise ToolError(str(error)) from error
        return page_of(text, args.get("offset", 0), ctx.caller.profile.limits.output_bytes)

    return define_tool(
        name=RESOLVE,
        description="Read a stored value, a page at a time. Call it again with next_offset as offset to read on.",
        input_schema={
            "type": "object",
            "properties": {
                "ref": REF,
                "offset": {"type": "integer", "minimum": 0, "description": "Where to go on, in characters."},
            },
            "required": ["ref"],
            "additionalProperties": False,
        },
        handler=resolve,
        wire=False,
    )
