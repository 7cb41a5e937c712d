"""`extend=` and `ctx.wire`: what Toolyard does not offer itself, through the SDK's own server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from tests.server.doors import DOORS, client_of
from tests.server.yards import LEGACY, MODERN, text_of, write_yard
from toolyard import InputRequired, ToolContext, tool
from toolyard.mcp import asgi_app, create_mcp_runtime, create_server

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")]

EXTENSION = """
import mcp_types as types

levels = []

async def set_level(ctx, params):
    levels.append(params.level)
    return types.EmptyResult()

def add_logging(server):
    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, set_level)
    print("printed while it extends")
"""

TOOLS = '''
from toolyard import ToolContext, tool
import my_extension

@tool
async def log(ctx: ToolContext) -> str:
    """Log through the SDK."""
    await ctx.wire.session.send_log_message("info", "hello", related_request_id=ctx.wire.request_id)
    return ", ".join(my_extension.levels)
'''


@pytest.mark.parametrize("door", DOORS)
async def test_a_config_adds_what_toolyard_does_not_offer(tmp_path: Path, door: str) -> None:
    yard = write_yard(tmp_path, TOOLS, "python: [my_tools]\nextend: my_extension:add_logging\n")
    yard.write("my_extension.py", EXTENSION)
    logged: list[Any] = []

    async def on_log(params: types.LoggingMessageNotificationParams) -> None:
        logged.append(params.data)

    async with client_of(yard, door, LEGACY, logging_callback=on_log) as client:
        assert client.server_capabilities.logging is not None
        await client.set_logging_level("warning")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        result = await client.call_tool("log")
        assert [block.text for block in result.content if isinstance(block, types.TextContent)] == ["warning"]
        assert logged == ["hello"]


async def test_a_server_without_it_offers_no_logging() -> None:
    async with Client(create_server(create_mcp_runtime()), mode=LEGACY) as client:
        assert client.server_capabilities.logging is None
        with pytest.raises(MCPError) as caught:
            await client.set_logging_level("warning")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        assert caught.value.error.code == types.METHOD_NOT_FOUND


@pytest.mark.parametrize("era", [LEGACY, "auto"])
async def test_middleware_and_extensions_can_be_added(era: str) -> None:
    seen: list[str] = []

    async def watch(ctx: ServerRequestContext[Any, Any], call_next: Any) -> Any:
        seen.append(ctx.method)
        return await call_next(ctx)

    def extend(server: Server[Any]) -> None:
        server.middleware.append(watch)
        server.extensions["com.example/thing"] = {"on": True}

    async with Client(create_server(create_mcp_runtime(), extend=extend), mode=era) as client:
        await client.list_tools()
        assert "tools/list" in seen
        if era == "auto":  # only 2026-07-28 has a place for them
            assert client.server_capabilities.extensions == {"com.example/thing": {"on": True}}


async def test_a_tool_samples_from_its_client_through_the_wire() -> None:
    @tool
    async def ask(ctx: ToolContext) -> str:
        message = types.SamplingMessage(role="user", content=types.TextContent(text="2+2?"))
        said = await ctx.wire.session.create_message([message], max_tokens=5, related_request_id=ctx.wire.request_id)
        return str(said.content.text)

    async def sample(context: object, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        return types.CreateMessageResult(role="assistant", model="m", content=types.TextContent(text="4"))

    server = create_server(create_mcp_runtime(tools=[ask]))
    async with Client(server, mode=LEGACY, sampling_callback=sample) as client:
        [block] = (await client.call_tool("ask")).content
        assert isinstance(block, types.TextContent)
        assert block.text == "4"


async def test_a_tool_that_needs_another_round_says_so_to_a_client_of_an_era_without() -> None:
    @tool
    async def ask(ctx: ToolContext) -> InputRequired:
        return InputRequired(requests={"roots": {"method": "roots/list"}})

    server = create_server(create_mcp_runtime(tools=[ask]))
    async with Client(server, mode=LEGACY) as client:
        result = await client.call_tool("ask")
        assert result.is_error
        assert [block.text for block in result.content if isinstance(block, types.TextContent)] == [
            "the tool needs input that only a client of 2026-07-28 or later can give"
        ]
    async with Client(server, mode=MODERN) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("ask")
        assert caught.value.error.code == types.MISSING_REQUIRED_CLIENT_CAPABILITY
        assert caught.value.error.data == {"requiredCapabilities": {"roots": {}}}


def test_it_is_called_once_with_the_server_before_it_serves() -> None:
    called: list[Server[Any]] = []
    server = create_server(create_mcp_runtime(), extend=called.append)
    assert called == [server]
    asgi_app(create_mcp_runtime(), extend=called.append)
    assert len(called) == 2


@pytest.mark.parametrize(
    ("name", "part"),
    [("my_extension", "extend"), ("my_extension:nothing", "no function 'nothing'"), ("nowhere:at_all", "'nowhere'")],
)
def test_a_function_that_is_not_there_is_named(tmp_path: Path, name: str, part: str) -> None:
    yard = write_yard(tmp_path, config=f"extend: {name}\n")
    yard.write("my_extension.py", EXTENSION)
    ran = yard.run("serve", yard.config)
    assert ran.code != 0
    assert part in ran.err
    assert not ran.out


async def test_a_tool_that_says_it_looks_at_no_wire_is_given_none() -> None:
    """Whichever way its call took."""

    @tool(wire=False)
    async def look(ctx: ToolContext) -> bool:
        """Look at the wire."""
        return ctx.wire is None

    for mode in (LEGACY, MODERN):
        async with Client(create_server(create_mcp_runtime(tools=[look])), mode=mode) as client:
            assert text_of(await client.call_tool("look")) == "true"
