"""`tools/list` and `tools/call`: every call goes through the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from msgspec import structs

from toolyard.mcp.answers import answer_of
from toolyard.mcp.callers import Counter, at_the_door, made_before
from toolyard.mcp.catalogue import described
from toolyard.mcp.door import McpDoor
from toolyard.mcp.paging import page_of
from toolyard.mcp.round_state import RoundState
from toolyard.mcp.rounds import Context
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.decisions import possible_effects
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.effects import Effect
from toolyard_kernel.tools.registry import Registered

NO_ROUNDS = "the tool needs input that only a client of 2026-07-28 or later can give"

Described = tuple[str, frozenset[Effect]]
"""A tool's name and the most that its calls may do: what it is described by differs with the caller's profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolHandlers:
    """What answers requests about tools."""

    counter: Counter
    _described: dict[Described, tuple[Registered, types.Tool]] = field(default_factory=dict[Any, Any])

    async def list(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        gate = self.counter.gate
        caller = gate.bounded(self.counter.caller_of(ctx))
        visible = gate.visible(caller)
        page, cursor = page_of(visible, lambda entry: entry.tool.name, params)
        return types.ListToolsResult(tools=[self._tool(entry, caller) for entry in page], next_cursor=cursor)

    async def call(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        state = RoundState.load(params.request_state) if params.request_state is not None else None
        door = McpDoor(ctx, params, state)
        if made := made_before(ctx):
            call, outcome = made.call, made.outcome
        else:
            call = ToolCall(tool=params.name, arguments=params.arguments or {})
            if state is not None:
                call = structs.replace(call, call_id=state.call_id)
            outcome = await self.counter.gate.call(call, self.counter.caller_of(ctx), door)
        if outcome.status == "input_required":
            if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
                return types.CallToolResult(content=[types.TextContent(text=NO_ROUNDS)], is_error=True)
            return door.input_required(call.call_id, outcome.input)
        return answer_of(params.name, outcome)

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """The schema whose `x-mcp-header` fields the SDK checks headers against; none for a tool the caller lacks."""
        gate = self.counter.gate
        entry = gate.registry.find(name)
        if entry is None or not gate.allows(entry, at_the_door.get(self.counter.local)):
            return None
        return entry.tool.input_schema

    def _tool(self, entry: Registered, caller: Caller) -> types.Tool:
        """The tool in the SDK's type, validated once."""
        effects = possible_effects(entry.tool, caller.profile)
        known = self._described.get((entry.tool.name, effects))
        if known is None or known[0] is not entry:
            known = entry, types.Tool.model_validate(described(entry.tool, effects))
            self._described[entry.tool.name, effects] = known
        return known[1]
