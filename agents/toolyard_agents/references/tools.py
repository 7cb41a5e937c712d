"""The tools by which agents of a runtime read references."""

from __future__ import annotations

from toolyard_agents.references.references import References
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import JsonObject
from toolyard_kernel.errors import ToolError, UnknownName
from toolyard_kernel.references.tool import REF, resolve_tool
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.tool import Tool


def reference_tools(references: References) -> tuple[Tool, Tool]:
    """`resolve_ref` and `glimpse_ref`."""

    async def glimpse(args: JsonObject, ctx: ToolContext) -> JsonObject:
        try:
            return {"ref": args["ref"], "glimpse": await references.glimpse(ctx.caller.principal, args["ref"])}
        except UnknownName as error:
            raise ToolError(str(error)) from error

    glimpse_tool = define_tool(
        name="glimpse_ref",
        description="The small view of a stored value: often all that is needed.",
        input_schema={
            "type": "object",
            "properties": {"ref": REF},
            "required": ["ref"],
            "additionalProperties": False,
        },
        handler=glimpse,
        wire=False,
    )
    return resolve_tool(references), glimpse_tool
