"""The SDK's server over a runtime: both protocol eras, every call through the gate."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.caching import CacheHint
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.shared.inbound import find_invalid_x_mcp_header

from toolyard.mcp.announcer import Announcer, listen, remembering
from toolyard.mcp.callers import Counter
from toolyard.mcp.completion import CompletionHandlers
from toolyard.mcp.prompts import PromptHandlers
from toolyard.mcp.resources import ResourceHandlers
from toolyard.mcp.round_state import SealedState
from toolyard.mcp.tools import ToolHandlers
from toolyard.runtime import ServedRuntime
from toolyard.version import VERSION
from toolyard_kernel.errors import DefinitionError

MINUTE = 60_000
PRIVATE = CacheHint(ttl_ms=MINUTE, scope="private")
PUBLIC = CacheHint(ttl_ms=MINUTE, scope="public")
STALE = CacheHint(ttl_ms=0, scope="private")

Extend = Callable[[Server[Any]], None]
"""Adds to the SDK's server what Toolyard does not offer itself, before it serves.

It may call `server.add_request_handler` (`logging/setLevel`, methods of an extension), `add_notification_handler`
(`notifications/roots/list_changed`), append to `server.middleware` and fill `server.extensions`. It can also replace
what Toolyard answers: whoever replaces `tools/call` replaces the gate. Sampling and roots need no registration: a tool
reaches its client through `ctx.wire`, the SDK's `ServerRequestContext`.
"""


class _Server(Server[Announcer]):
    """The SDK derives what it announces from arguments that its HTTP transport never passes."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        every = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        return super().create_initialization_options(
            notification_options or every, experimental_capabilities, extensions
        )


def create_server(
    runtime: ServedRuntime,
    agent: str = "mcp",
    *,
    name: str = "toolyard",
    instructions: str | None = None,
    caller: str = "python",
    extend: Extend | None = None,
) -> Server[Announcer]:
    """The SDK's low-level server with the tools of `agent`, for its in-memory client or a transport of your own.

    `caller` is the id of whoever comes over it: only `asgi_app` tells callers apart. `extend` is called with the
    server before it is returned.

    Raises:
        UnknownName: no such agent.
        DefinitionError: a tool's `x-mcp-header` is not one that clients accept.
    """
    server = server_of(Counter(runtime=runtime, agent=agent, caller=caller), name, instructions)
    if extend:
        extend(server)
    return server


def server_of(counter: Counter, name: str, instructions: str | None) -> Server[Announcer]:
    """The server as it is before a host extends it.

    Raises:
        UnknownName: no such agent.
        DefinitionError: a tool's `x-mcp-header` is not one that clients accept.
    """
    for entry in counter.gate.registry:
        if problem := find_invalid_x_mcp_header(entry.tool.input_schema):
            raise DefinitionError(f"tool {entry.tool.name!r}: {problem}")
    server = _server(counter, name, instructions)
    server.middleware += [remembering, SealedState(counter, name)]
    return server


def _server(counter: Counter, name: str, instructions: str | None) -> Server[Announcer]:
    tools, resources = ToolHandlers(counter=counter), ResourceHandlers(counter=counter)
    prompts, completion = PromptHandlers(counter=counter), CompletionHandlers(counter=counter)

    @asynccontextmanager
    async def lifespan(_: Server[Announcer]) -> AsyncGenerator[Announcer]:
        async with counter.runtime.lifespan(), Announcer(counter.runtime.changes).open() as announcer:
            yield announcer

    return _Server(
        name,
        version=VERSION,
        instructions=instructions,
        lifespan=lifespan,
        cache_hints={
            "server/discover": PUBLIC,
            "tools/list": PRIVATE,
            "resources/list": PRIVATE,
            "resources/templates/list": PRIVATE,
            "resources/read": STALE,
            "prompts/list": PRIVATE,
        },
        get_tool_input_schema=tools.input_schema,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
        on_list_resources=resources.list,
        on_list_resource_templates=resources.list_templates,
        on_read_resource=resources.read,
        on_subscribe_resource=resources.subscribe,
        on_unsubscribe_resource=resources.unsubscribe,
        on_subscriptions_listen=listen,
        on_list_prompts=prompts.list,
        on_get_prompt=prompts.get,
        on_completion=completion.complete,
    )
