"""`toolyard serve` over streamable HTTP, with the SDK's client in both eras."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, ToolAnnotations

from tests.server.raw_http import HELLO, JSON, Headers, begun, exchange, modern, modern_headers, post, post_modern
from tests.server.yards import DEADLINE, ERAS, LEGACY, MODERN, Server, Yard, serving, text_of, write_yard

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio, threading
from toolyard import ToolContext, ToolError, define_tool, tool

stopped = asyncio.Semaphore(0)

@tool
async def wait(ctx: ToolContext) -> str:
    """Wait for ever, politely."""
    try:
        await ctx.progress(1, 2, "waiting")
        await asyncio.Event().wait()
    finally:
        stopped.release()
    return ""

@tool
async def wait_until_stopped() -> str:
    """Answer once a `wait` was stopped."""
    await stopped.acquire()
    return "stopped"

@tool
def hang(ctx: ToolContext) -> str:
    """A thread that never returns."""
    ctx.progress(1)
    threading.Event().wait()
    return ""

@tool
async def refuse_to_end(ctx: ToolContext) -> str:
    """A coroutine that swallows every cancellation."""
    await ctx.progress(1)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

@tool
def fail() -> str:
    """Fail."""
    raise ToolError("out of paper")

@tool
def count(words: list[str]) -> dict[str, int]:
    """Count words."""
    return {word: words.count(word) for word in words}

@tool(effects=["files.read"])
def look(path: str) -> str:
    """Look at a file."""
    return path

@tool(effects=["shell"])
def run(command: str) -> str:
    """Run a command."""
    return command

@tool(effects=["network"])
def fetch(url: str) -> str:
    """Fetch a page."""
    return url

REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}

@define_tool(name="deploy", description="Deploy.", input_schema=REGION)
def deploy(arguments, ctx):
    return "deployed in " + arguments.get("region", "the usual region")
'''
CONFIG = """
profile: {shell: restricted, network: any, approval: {mode: none}}
python: [my_tools]
instructions: Count words.
name: counter
"""
MANY = """
from toolyard import define_tool
for number in range(1100):
    name = f"tool_{number:04}"
    globals()[name] = define_tool(name=name, description="", input_schema={"type": "object"}, handler=lambda a, c: "")
"""
HANGING = ("wait", "hang", "refuse_to_end")


@dataclass(frozen=True)
class Site:
    yard: Yard
    server: Server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yard = write_yard(tmp_path_factory.mktemp("site"), TOOLS, CONFIG)
    with serving(yard) as server:
        yield Site(yard, server)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_lists_and_calls(site: Site, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode=era) as client:
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            counted = await client.call_tool("count", {"words": ["a", "b", "a"]})
            failed = await client.call_tool("fail", {})
    assert listed["count"].output_schema == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert counted.structured_content == {"a": 2, "b": 1}
    assert text_of(counted) == '{"a":2,"b":1}'
    assert (failed.is_error, text_of(failed)) == (True, "out of paper")
    assert listed["look"].annotations == ToolAnnotations(read_only_hint=True, open_world_hint=False)
    assert listed["run"].annotations == ToolAnnotations(
        read_only_hint=False, open_world_hint=True, destructive_hint=True
    )
    assert listed["fetch"].annotations == ToolAnnotations(
        read_only_hint=False, open_world_hint=True, destructive_hint=False
    )
    assert listed["count"].annotations is None


@pytest.mark.parametrize("era", ERAS)
async def test_arguments_that_do_not_fit_name_the_field_and_an_unknown_tool_is_a_protocol_error(
    site: Site, era: str
) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode=era) as client:
            bad = await client.call_tool("count", {"wrods": ["a"]})
            assert bad.is_error
            assert "words: required" in text_of(bad)
            assert "wrods: unknown field" in text_of(bad)
            with pytest.raises(MCPError) as unknown:
                await client.call_tool("no_such_tool", {})
    assert unknown.value.code == INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
async def test_there_are_no_resources_and_prompts_and_an_unknown_one_is_a_protocol_error(site: Site, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode=era) as client:
            assert (await client.list_resources()).resources == []
            templates = (await client.list_resource_templates()).resource_templates
            assert {one.name for one in templates} == {"reference", "reference-page"}, "for what is too long"
            assert (await client.list_prompts()).prompts == []
            for unknown in (client.read_resource("file:///etc/passwd"), client.get_prompt("greet", {})):
                with pytest.raises(MCPError) as refused:
                    await unknown
                assert refused.value.code == INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
async def test_a_list_of_more_than_a_thousand_tools_comes_in_pages(tmp_path: Path, era: str) -> None:
    with anyio.fail_after(DEADLINE), serving(write_yard(tmp_path, MANY)) as server:
        async with Client(server.url, mode=era) as client:
            first = await client.list_tools()
            second = await client.list_tools(cursor=first.next_cursor)
            names = [tool.name for page in (first, second) for tool in page.tools]
            assert names == [f"tool_{number:04}" for number in range(1100)]
            assert (len(first.tools), second.next_cursor) == (1000, None)
            for cursor in ("!", "a", "tool_0999", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")):
                with pytest.raises(MCPError) as refused:
                    await client.list_tools(cursor=cursor)
                assert refused.value.code == INVALID_PARAMS


async def test_lists_are_cached_for_their_caller_alone(site: Site) -> None:
    for method in ("tools/list", "resources/list", "resources/templates/list", "prompts/list"):
        result = post_modern(site.server.port, method).message["result"]
        assert (result["cacheScope"], result["ttlMs"]) == ("private", 60_000)
    assert post_modern(site.server.port, "server/discover").message["result"]["cacheScope"] == "public"


async def test_a_header_that_contradicts_its_argument_is_refused_and_nothing_runs(site: Site) -> None:
    port, call = site.server.port, {"name": "deploy", "arguments": {"region": "eu"}}
    for headers in ([], [("Mcp-Param-Region", "us")], [("Mcp-Param-Region", "")]):
        refused = post_modern(port, "tools/call", call, *headers)
        assert (refused.status, refused.message["error"]["code"]) == (400, HEADER_MISMATCH)
    for routing in (
        modern_headers("tools/call", "fail"),
        (*modern_headers("tools/call", "deploy"), ("Mcp-Name", "fail")),
    ):
        refused = post(port, modern("tools/call", call), *routing)
        assert (refused.status, refused.message["error"]["code"]) == (400, HEADER_MISMATCH)
    assert not site.yard.started("deploy")
    answer = post_modern(port, "tools/call", call, ("Mcp-Param-Region", "eu")).message
    assert answer["result"]["content"][0]["text"] == "deployed in eu"


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_sends_the_headers_that_a_tool_asks_for(site: Site, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode=era) as client:
            await client.list_tools()
            for region in ("eu", "a b", "Øst", " eu "):
                assert text_of(await client.call_tool("deploy", {"region": region})) == f"deployed in {region}"
            assert text_of(await client.call_tool("deploy", {})) == "deployed in the usual region"


@pytest.mark.parametrize("options", [(), ("--transport", "streamable-http", "--port", "0")], ids=["stdio", "http"])
def test_a_header_annotation_that_no_client_accepts_stops_the_start(tmp_path: Path, options: tuple[str, ...]) -> None:
    yard = write_yard(tmp_path, TOOLS.replace('"x-mcp-header": "Region"', '"x-mcp-header": "not a token"'), CONFIG)
    done = yard.run("serve", yard.config, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("toolyard: tool 'deploy': property 'region': x-mcp-header 'not a token' is not")


@pytest.mark.parametrize("era", ERAS)
async def test_progress_is_heard_and_a_cancelled_call_is_stopped(site: Site, era: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode=era) as client:
            before = len(site.yard.started("wait"))
            with anyio.CancelScope() as scope:

                async def hear(progress: float, total: float | None, message: str | None) -> None:
                    heard.append((progress, total, message))
                    scope.cancel()

                await client.call_tool("wait", {}, progress_callback=hear)
            assert text_of(await client.call_tool("wait_until_stopped", {})) == "stopped"
            await client.call_tool("count", {"words": []})
    assert heard == [(1, 2, "waiting")]
    assert site.yard.ends("wait")[before:] == ["cancelled"]


async def test_a_client_that_disconnects_stops_its_call(site: Site) -> None:
    """On 2026-07-28: before that, a lost connection says nothing about the call."""
    before = len(site.yard.started("wait"))
    headers = dict([*JSON, *modern_headers("tools/call", "wait")])
    message = modern("tools/call", {"name": "wait"})
    message["params"]["_meta"]["progressToken"] = "p"
    with anyio.fail_after(DEADLINE):
        async with httpx2.AsyncClient() as web:
            async with web.stream("POST", site.server.url, json=message, headers=headers) as response:
                async for line in response.aiter_lines():
                    if "notifications/progress" in line:
                        break
            async with Client(site.server.url, mode=MODERN) as client:
                assert text_of(await client.call_tool("wait_until_stopped", {})) == "stopped"
                await client.call_tool("count", {"words": []})
    assert site.yard.ends("wait")[before:] == ["cancelled"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "headers",
    [(), JSON, (("MCP-Protocol-Version", MODERN),), (("Mcp-Session-Id", "x"), *JSON)],
    ids=["bare", "json", "modern", "unknown session"],
)
def test_any_other_method_is_refused_as_the_client_s_mistake(site: Site, method: str, headers: Headers) -> None:
    answer = exchange(site.server.port, f"{method} /mcp HTTP/1.1", (("Host", "localhost"), *headers))
    assert 400 <= answer.status < 500
    assert "Traceback" not in site.server.log


@pytest.mark.parametrize("body", [b"", b"garbage", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc": "2.0"}'])
@pytest.mark.parametrize("headers", [(), (("MCP-Protocol-Version", MODERN),)], ids=ERAS)
def test_a_body_that_is_no_request_is_refused_as_the_client_s_mistake(
    site: Site, body: bytes, headers: Headers
) -> None:
    answer = post(site.server.port, body, *headers)
    assert answer.status == 400
    assert answer.message["error"]["code"] < 0
    assert "Traceback" not in site.server.log


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_is_told_about_the_server(site: Site, era: str) -> None:
    with anyio.fail_after(DEADLINE):
        async with Client(site.server.url, mode="auto" if era == MODERN else era) as client:
            assert client.server_info
            assert (client.server_info.name, client.instructions) == ("counter", "Count words.")
            assert (client.protocol_version == MODERN) is (era == MODERN)
            for capability in ("tools", "resources", "prompts"):
                assert client.server_capabilities.model_dump()[capability] is not None


def opened_session(port: int) -> Headers:
    """The header of a session that has shaken hands."""
    session = (("Mcp-Session-Id", post(port, HELLO).headers["mcp-session-id"]),)
    assert post(port, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *session).status == 202
    return session


def test_a_session_that_was_deleted_is_not_found(site: Site) -> None:
    [session] = opened_session(site.server.port)
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert post(site.server.port, listing, session).status == 200
    assert exchange(site.server.port, "DELETE /mcp HTTP/1.1", (("Host", "localhost"), session, *JSON)).status == 200
    assert post(site.server.port, listing, session).status == 404


@pytest.mark.parametrize("era", ERAS)
def test_a_server_that_is_terminated_ends_whatever_its_tools_do(tmp_path: Path, era: str) -> None:
    yard = write_yard(tmp_path, TOOLS, CONFIG + "http: {drain: 100ms}\n")
    with serving(yard) as server, ExitStack() as calls:
        for tool in HANGING:
            calls.enter_context(begun(server.port, tool, opened_session(server.port) if era == LEGACY else ()))
        assert server.stop() == 128 + signal.SIGTERM
    assert [yard.ends(tool) for tool in HANGING] == [["cancelled"]] * len(HANGING)
    assert "Traceback" not in server.log
