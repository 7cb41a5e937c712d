"""Toolyard inside somebody's Python program: runtimes, servers in memory, applications and serving functions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from mcp import Client, MCPError
from mcp_types import AudioContent, EmbeddedResource, ImageContent, ResourceLink, TextContent
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import toolyard
from tests.server.hosting import Kit, hosted
from tests.server.yards import DEADLINE, ERAS, text_of
from toolyard import ConfigError, DefinitionError, ToolContext, ToolResult, define_tool, mcp, tool
from toolyard.runtime import ToolLike
from toolyard.testing import MemoryLedger, NoLedger, ScriptedApprover
from toolyard_kernel.errors import LedgerError

pytestmark = pytest.mark.anyio


def shout(text: str) -> str:
    """Upper-case a text."""
    return text.upper()


@tool(effects=["files.write"])
def write() -> str:
    """Write."""
    return "written"


@tool(approval="always")
def launch() -> str:
    """Launch."""
    return "launched"


@define_tool(name="stock", description="How many there are.", input_schema={"product": str})
def stock(arguments: dict[str, str], ctx: ToolContext) -> str:
    return f"{ctx.warehouse[arguments['product']]} for {ctx.caller.id} of {ctx.caller.tenant}"


class Weather:
    name = "weather"
    description = "Tell the weather."
    parameters: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}  # noqa: RUF012 - a user's class

    def handle(self, arguments: dict[str, Any], context: ToolContext) -> str:
        return f"sunny in {arguments['city']}"


def runtime_of(*tools: ToolLike, **options: Any) -> mcp.ToolRuntime:
    given: dict[str, Any] = {"tools": tools, "ledger": NoLedger(), **options}
    return mcp.create_mcp_runtime(**given)


@pytest.mark.parametrize("era", ERAS)
async def test_functions_tools_objects_and_toolkits_are_served_in_memory(tmp_path: Path, era: str) -> None:
    (tmp_path / "notes.txt").write_text("alpha\n")
    ledger = MemoryLedger()
    runtime = runtime_of(
        shout,
        stock,
        Weather(),
        toolkits={"files": {"root": str(tmp_path)}},
        services={"warehouse": {"mug": 3}},
        tenant="acme",
        ledger=ledger,
    )
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime, caller="embedded"), mode=era) as client:
            listed = (await client.list_tools()).tools
            assert text_of(await client.call_tool("shout", {"text": "hi"})) == "HI"
            assert text_of(await client.call_tool("stock", {"product": "mug"})) == "3 for embedded of acme"
            assert text_of(await client.call_tool("weather", {"city": "Oslo"})) == "sunny in Oslo"
            assert "alpha" in text_of(await client.call_tool("read", {"path": "notes.txt"}))
    described = [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed]
    assert described == mcp.list_tools(runtime)
    assert [tool["name"] for tool in described] == ["list", "read", "shout", "stock", "weather"]
    assert {(record["caller"], record["tenant"]) for record in ledger.records} == {("embedded", "acme")}


async def test_toolkits_are_given_as_objects_too() -> None:
    kit = Kit("depot")
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime_of(toolkits=[kit]))) as client:
            assert text_of(await client.call_tool("depot_tool", {})) == "here"
            assert kit.events == ["opens"]
    assert kit.events == ["opens", "closed"]


@pytest.mark.parametrize("era", ERAS)
async def test_every_kind_of_content_reaches_the_client(era: str) -> None:
    blocks = (
        toolyard.Text("text"),
        toolyard.Image(data=b"\x89PNG", mime_type="image/png"),
        toolyard.Audio(data=b"RIFF", mime_type="audio/wav"),
        toolyard.EmbeddedResource(uri="memo://1", content="text", mime_type="text/plain"),
        toolyard.EmbeddedResource(uri="memo://2", content=b"\x00"),
        toolyard.ResourceLink(uri="memo://3", name="three"),
    )

    def show() -> ToolResult:
        return ToolResult(content=blocks, structured={"shown": len(blocks)})

    def picture() -> toolyard.Image:
        return toolyard.Image(data=b"\x89PNG", mime_type="image/png")

    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime_of(show, picture)), mode=era) as client:
            answer = await client.call_tool("show", {})
            assert [type(block) for block in (await client.call_tool("picture", {})).content] == [ImageContent]
    kinds = [TextContent, ImageContent, AudioContent, EmbeddedResource, EmbeddedResource, ResourceLink]
    assert [type(block) for block in answer.content] == kinds
    assert (answer.is_error, answer.structured_content) == (False, {"shown": 6})


@pytest.mark.parametrize("era", ERAS)
async def test_the_host_s_approver_answers_asks(era: str) -> None:
    approver = ScriptedApprover(answers=[True, False])
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime_of(launch, approver=approver)), mode=era) as client:
            assert text_of(await client.call_tool("launch", {})) == "launched"
            refused = await client.call_tool("launch", {})
    assert refused.is_error
    assert "approval was refused" in text_of(refused)
    assert [ask.tool for ask in approver.asked] == ["launch", "launch"]


async def test_a_profile_narrows_what_is_listed_and_called() -> None:
    runtime = runtime_of(shout, write)
    assert [tool["name"] for tool in mcp.list_tools(runtime)] == ["shout"]
    assert len(mcp.list_tools(runtime_of(shout, write, profile="unrestricted"))) == 2
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime)) as client:
            with pytest.raises(MCPError, match="Unknown tool: write"):
                await client.call_tool("write", {})


async def test_a_handler_s_traceback_is_logged_without_the_secrets_it_quotes(caplog: pytest.LogCaptureFixture) -> None:
    @tool(secret=["pin"])
    def unlock(pin: str) -> str:
        try:
            return {"1234": "open"}[pin]
        except KeyError as error:
            raise ValueError(f"wrong pin {pin}") from error

    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime_of(unlock))) as client:
            assert (await client.call_tool("unlock", {"pin": "0000-1111"})).is_error
    assert "tool 'unlock' failed" in caplog.text
    assert "ValueError: wrong pin [redacted]" in caplog.text
    assert "test_embedding.py" in caplog.text
    assert "0000-1111" not in caplog.text


async def test_an_agent_that_the_runtime_does_not_have_is_a_lookup_error() -> None:
    runtime = runtime_of(shout, agent="clerk")
    assert [tool["name"] for tool in mcp.list_tools(runtime, "clerk")] == ["shout"]
    for ask in (mcp.list_tools, mcp.create_server, mcp.asgi_app):
        with pytest.raises(LookupError, match="no agent is named 'mcp'"):
            ask(runtime)
    for serve in (mcp.serve_http, mcp.serve_stdio):
        with pytest.raises(LookupError, match="no agent is named 'nobody'"):
            await serve(runtime, "nobody")


def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"data_environment": {"sales": object()}}, ConfigError, "data_environment: 'sales' is read by no toolkit"),
        ({"profile": "no-such"}, ConfigError, "no profile is named 'no-such'"),
        ({"toolkits": {"fils": {}}}, ConfigError, "no toolkit is named 'fils'; installed: .*files"),
        ({"toolkits": {"files": {}}}, ConfigError, "toolkits.files: root: Field required"),
        ({"toolkits": {"files": {"root": tmp_path / "none"}}}, ConfigError, "toolkits.files: root"),
        ({"toolkits": [Kit("a"), Kit("a")]}, DefinitionError, "toolkit 'a': the name is the name of another"),
        ({"tools": [shout, shout]}, DefinitionError, "two tools are named 'shout'"),
        ({"tools": [7]}, DefinitionError, "7 is no function"),
        ({"services": {"caller": 1}}, DefinitionError, "service name 'caller' is reserved"),
    ]
    for options, error, said in wrong:
        with pytest.raises(error, match=said):
            runtime_of(**options)
    assert runtime_of(data_environment={}).profile.profile == "readonly"


async def test_a_call_that_cannot_be_recorded_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "a file where the state folder should be"
    state.touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    ran: list[str] = []
    runtime = mcp.create_mcp_runtime(tools=[tool(name="act")(lambda: ran.append("act"))])
    with pytest.raises(LedgerError, match="the ledger cannot be written"):
        runtime.open_ledger()
    with anyio.fail_after(DEADLINE):
        async with Client(mcp.create_server(runtime)) as client:
            answer = await client.call_tool("act", {})
    assert answer.is_error
    assert "could not be recorded" in text_of(answer)
    assert ran == []


def mounted(place: str, app: mcp.McpApp) -> Any:
    if place == "fastapi":
        host = FastAPI(lifespan=app.lifespan)
        host.mount("/tools/mcp", app)
        return host
    if place == "fastapi without lifespan":
        host = FastAPI()
        host.mount("/tools/mcp", app)
        return host
    if place == "route":
        return Starlette(routes=[Route("/tools/mcp", endpoint=app)], lifespan=app.lifespan)
    return Starlette(routes=[Mount("/tools", routes=[Mount("/mcp", app)])])


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("place", ["fastapi", "fastapi without lifespan", "route", "mount in a mount"])
async def test_an_application_serves_tools_where_it_is_mounted(place: str, era: str) -> None:
    kit = Kit("depot")
    ledger = MemoryLedger()
    app = mounted(place, mcp.asgi_app(runtime_of(shout, toolkits=[kit], ledger=ledger)))
    with anyio.fail_after(DEADLINE):
        async with hosted(app) as url, Client(f"{url}/tools/mcp", mode=era) as client:
            assert text_of(await client.call_tool("shout", {"text": "hi"})) == "HI"
            assert text_of(await client.call_tool("depot_tool", {})) == "here"
    assert kit.events[0] == "opens"
    assert ("closed" in kit.events) is (place in ("fastapi", "route"))
    assert {record["caller"] for record in ledger.records} == {"http"}
    assert bool(ours()) is (place not in ("fastapi", "route"))
    await end_ours()
    assert kit.events == ["opens", "closed"] or place not in ("fastapi", "route")


def ours() -> set[str]:
    """The tasks that Toolyard started and that are still there."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("toolyard")}


async def end_ours() -> None:
    """What the end of the event loop does to an application without a lifespan."""
    left = {task for task in asyncio.all_tasks() if task.get_name() in ours()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)


async def test_an_application_can_stand_alone() -> None:
    kit = Kit("depot")
    with anyio.fail_after(DEADLINE):
        async with hosted(mcp.asgi_app(runtime_of(toolkits=[kit]))) as url:
            assert kit.events in ([], ["opens"])
            async with Client(f"{url}/anything", mode="legacy") as client:
                assert text_of(await client.call_tool("depot_tool", {})) == "here"
    assert kit.events == ["opens", "closed"]


async def test_two_applications_in_one_process_keep_apart() -> None:
    first = runtime_of(shout)
    second = runtime_of(write, profile="unrestricted")
    site = Starlette(
        routes=[Mount("/first", mcp.asgi_app(first)), Mount("/second", mcp.asgi_app(second, name="second"))]
    )
    with anyio.fail_after(DEADLINE):
        async with hosted(site) as url, Client(f"{url}/first") as one, Client(f"{url}/second") as two:
            assert [tool.name for tool in (await one.list_tools()).tools] == ["shout"]
            assert [tool.name for tool in (await two.list_tools()).tools] == ["write"]
    await end_ours()


def test_a_web_socket_is_refused() -> None:
    with TestClient(mcp.asgi_app(runtime_of(shout)), base_url="http://localhost") as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
            pass
        assert client.get("/", headers={"Host": "evil.test"}).status_code == 421


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("by", ["scope", "task"])
async def test_serving_that_is_cancelled_stops_its_calls_and_leaves_nothing_behind(era: str, by: str) -> None:
    ledger = MemoryLedger()
    begun = anyio.Event()

    @tool
    async def wait() -> str:
        begun.set()
        await anyio.sleep_forever()
        return ""

    kit = Kit("depot")
    runtime = runtime_of(wait, toolkits=[kit], ledger=ledger)
    urls = asyncio.Queue[str]()
    scope = anyio.CancelScope()

    async def serve() -> None:
        with scope:
            await mcp.serve_http(runtime, port=0, on_ready=urls.put_nowait)

    async def call(url: str) -> None:
        try:
            async with Client(url, mode=era) as client:
                await client.call_tool("wait", {})
        except* (MCPError, httpx2.HTTPError):
            pass  # the server is gone

    with anyio.fail_after(DEADLINE):
        serving = asyncio.create_task(serve())
        url = await urls.get()
        calling = asyncio.create_task(call(url))
        await begun.wait()
        if by == "scope":
            scope.cancel()
        else:
            serving.cancel()
        await asyncio.wait({serving})
        assert serving.cancelled() is (by == "task")
        await calling
        assert [record["status"] for record in ledger.records if record["event"] == "end"] == ["cancelled"]
        assert kit.events == ["opens", "closed"]
        with pytest.raises(httpx2.ConnectError):
            async with httpx2.AsyncClient() as web:
                await web.get(url)
    assert not ours()


EMBEDDED = """
import anyio
from toolyard import mcp

def shout(text: str) -> str:
    '''Upper-case a text.'''
    print("noise")
    return text.upper()

anyio.run(mcp.serve_stdio, mcp.create_mcp_runtime(tools=[shout]))
print("served")
"""


def test_a_program_has_its_stdout_back_after_serving_it() -> None:
    hello = (
        b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25",'
        b' "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", EMBEDDED], input=hello, capture_output=True, check=True, timeout=DEADLINE
    )
    answer, rest = done.stdout.split(b"\n", 1)
    assert b'"serverInfo"' in answer
    assert rest == b"served\n"
