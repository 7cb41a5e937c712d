"""The SDK's server over a runtime: both protocol eras, every call through the gate."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import find_invalid_x_mcp_header

from toolyard.mcp.answers import answer_of
from toolyard.mcp.callers import Counter, at_the_door
from toolyard.mcp.catalogue import described
from toolyard.mcp.door import McpDoor
from toolyard.mcp.round_state import RoundState, SealedState
from toolyard.runtime import Runtime
from toolyard.version import VERSION
from toolyard_kernel.content import InputRequired
from toolyard_kernel.errors import DefinitionError
from toolyard_kernel.outcomes import ToolCall
from toolyard_kernel.registry import Registered

PAGE = 1000
"""Tools on one page of `tools/list`."""

MINUTE = 60_000
PRIVATE = CacheHint(ttl_ms=MINUTE, scope="private")
PUBLIC = CacheHint(ttl_ms=MINUTE, scope="public")

Context = ServerRequestContext[Any, Any]


def create_server(
    runtime: Runtime,
    agent: str = "mcp",
    *,
    name: str = "toolyard",
    instructions: str | None = None,
    caller: str = "python",
) -> Server[None]:
    """The SDK's low-level server with the tools of `agent`, for its in-memory client or a transport of your own.

    `caller` is the id of whoever comes over it: only `asgi_app` tells callers apart.

    Raises:
        UnknownName: no such agent.
        DefinitionError: a tool's `x-mcp-header` is not one that clients accept.
    """
    for entry in runtime.gate(agent).registry:
        if problem := find_invalid_x_mcp_header(entry.tool.input_schema):
            raise DefinitionError(f"tool {entry.tool.name!r}: {problem}")
    counter = Counter(runtime=runtime, agent=agent, caller=caller)
    handlers = Handlers(counter=counter)

    @asynccontextmanager
    async def lifespan(_: Server[None]) -> AsyncGenerator[None]:
        async with runtime.lifespan():
            yield

    server = Server(
        name,
        version=VERSION,
        instructions=instructions,
        lifespan=lifespan,
        cache_hints={
            "server/discover": PUBLIC,
            "tools/list": PRIVATE,
            "resources/list": PRIVATE,
            "resources/templates/list": PRIVATE,
            "prompts/list": PRIVATE,
        },
        get_tool_input_schema=handlers.input_schema,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=_no_resources,
        on_list_resource_templates=_no_templates,
        on_read_resource=_unknown_resource,
        on_list_prompts=_no_prompts,
        on_get_prompt=_unknown_prompt,
    )
    server.middleware.append(SealedState(counter, name))
    return server


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What answers `tools/list` and `tools/call`."""

    counter: Counter
    _described: dict[str, tuple[Registered, types.Tool]] = field(default_factory=dict[str, Any])

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        after = _name_in(params.cursor) if params and params.cursor is not None else ""
        visible = (entry for entry in self.counter.gate.visible(self.counter.caller_of(ctx)) if entry.tool.name > after)
        page = list(islice(visible, PAGE + 1))
        cursor = _cursor(page[PAGE - 1].tool.name) if len(page) > PAGE else None
        return types.ListToolsResult(tools=[self._tool(entry) for entry in page[:PAGE]], next_cursor=cursor)

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        call = ToolCall(tool=params.name, arguments=params.arguments or {})
        state = RoundState.load(params.request_state) if params.request_state is not None else None
        if state is not None:
            call = replace(call, call_id=state.call_id)
        door = McpDoor(ctx, params, state)
        outcome = await self.counter.gate.call(call, self.counter.caller_of(ctx), door)
        if outcome.status == "input_required":
            return door.input_required(call.call_id, outcome.input or InputRequired(requests={}))
        return answer_of(params.name, outcome)

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """The schema whose `x-mcp-header` fields the SDK checks headers against; none for a tool the caller lacks."""
        gate = self.counter.gate
        entry = gate.registry.find(name)
        if entry is None or not gate.allows(entry, at_the_door.get(self.counter.local)):
            return None
        return entry.tool.input_schema

    def _tool(self, entry: Registered) -> types.Tool:
        """The tool in the SDK's type, validated once."""
        known = self._described.get(entry.tool.name)
        if known is None or known[0] is not entry:
            known = entry, types.Tool.model_validate(described(entry.tool))
            self._described[entry.tool.name] = known
        return known[1]


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _name_in(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise MCPError(types.INVALID_PARAMS, "Invalid cursor: use the nextCursor of the page before") from error


async def _no_resources(ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[])


async def _no_templates(ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(resource_templates=[])


async def _unknown_resource(ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    raise MCPError(types.INVALID_PARAMS, f"Unknown resource: {params.uri}", {"uri": str(params.uri)})


async def _no_prompts(ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=[])


async def _unknown_prompt(ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    raise MCPError(types.INVALID_PARAMS, f"Unknown prompt: {params.name}")
