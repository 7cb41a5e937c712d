"""Tools as MCP describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolyard_kernel.calls.decisions import possible_effects
from toolyard_kernel.effects import OUTSIDE, READING, WRITING, Effect
from toolyard_kernel.tools.tool import CUSTOM

if TYPE_CHECKING:
    from toolyard.runtime import ServedRuntime
    from toolyard_kernel.calls.callers import Caller
    from toolyard_kernel.calls.gate import Gate
    from toolyard_kernel.tools.tool import Tool


def list_tools(runtime: ServedRuntime, agent: str = "mcp") -> list[dict[str, Any]]:
    """The tools of `agent` that the runtime's own profile lets it see, as `tools/list` would answer.

    Raises:
        UnknownName: no such agent.
    """
    return listed(runtime.gate(agent), runtime.caller("python"))


def listed(gate: Gate, caller: Caller) -> list[dict[str, Any]]:
    """Every tool that exists for the caller, in MCP's words."""
    caller = gate.bounded(caller)
    return [described(entry.tool, possible_effects(entry.tool, caller.profile)) for entry in gate.visible(caller)]


def described(tool: Tool, effects: frozenset[Effect]) -> dict[str, Any]:
    """One tool in MCP's words, for a caller whose calls have at most these effects."""
    description: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.input_schema,
    }
    if tool.title:
        description["title"] = tool.title
    if tool.output_schema is not None:
        description["outputSchema"] = tool.output_schema
    if annotations := _annotations(effects) | ({"idempotentHint": True} if tool.idempotent else {}):
        description["annotations"] = annotations
    return description


def _annotations(effects: frozenset[Effect]) -> dict[str, bool]:
    """Hints that follow from the effects; a custom tool's effects say nothing, so nothing is claimed."""
    if effects == CUSTOM:
        return {}
    reading = effects <= READING
    hints = {"readOnlyHint": reading, "openWorldHint": bool(effects & OUTSIDE)}
    return hints if reading else {**hints, "destructiveHint": bool(effects & WRITING)}
