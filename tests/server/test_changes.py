"""Clients are told that a list or a resource changed, in both eras, and nobody else is held up by one who is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.server.runner import serve_loop
from mcp.shared.exceptions import MCPError
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage

from tests.server.doors import DOORS, WAYS, client_of
from tests.server.yards import DEADLINE, ERAS, LEGACY, MODERN, write_yard
from toolyard import prompt, resource, tool
from toolyard.mcp import ToolRuntime, create_mcp_runtime, create_server
from toolyard.mcp.announcer import Announcer

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")]

MODULE = '''
from toolyard import ListChanged, ResourceUpdated, ToolContext, resource, tool

notes = []

@resource("notes://today")
def today() -> str:
    return ", ".join(notes)

@tool
def write(text: str, ctx: ToolContext) -> str:
    """Write a note."""
    notes.append(text)
    ctx.changes.tell(ResourceUpdated("notes://today"))
    ctx.changes.tell(ListChanged("prompts"))
    return "written"
'''

TOLD: dict[type[object], str] = {
    types.ToolListChangedNotification: "tools",
    types.PromptListChangedNotification: "prompts",
    types.ResourceListChangedNotification: "resources",
}
News = MemoryObjectReceiveStream[str]
Streams = tuple[Any, Any]


def named(news: object) -> str | None:
    """What a client was told, in one word: the list that changed, or the URI that did."""
    if isinstance(news, types.ResourceUpdatedNotification):
        return news.params.uri
    return TOLD.get(type(news))


class Ear:
    """What a client hears, in words."""

    def __init__(self) -> None:
        self.said, self.news = anyio.create_memory_object_stream[str](100)

    async def __call__(self, message: object) -> None:
        if name := named(message):
            self.said.send_nowait(name)


@asynccontextmanager
async def told(source: ToolRuntime, era: str, *uris: str) -> AsyncGenerator[tuple[Client, News]]:
    """A client in memory that asked for everything, and what it is told."""
    ear = Ear()
    with anyio.fail_after(DEADLINE), ear.said, ear.news:
        async with (
            Client(create_server(source), mode=era, message_handler=ear) as client,
            listening(client, era, *uris),
        ):
            yield client, ear.news


@asynccontextmanager
async def listening(client: Client, era: str, *uris: str) -> AsyncGenerator[None]:
    """Ask to be told of every list, and of `uris`."""
    if era == LEGACY:
        for uri in uris:
            await client.subscribe_resource(uri)  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        await client.list_tools()  # a client that has not said `initialized` is told nothing
        yield
    else:
        every = {"tools_list_changed": True, "prompts_list_changed": True, "resources_list_changed": True}
        async with client.listen(**every, resource_subscriptions=uris):
            yield


def runtime() -> ToolRuntime:
    return create_mcp_runtime(
        resources=[resource("notes://a", name="a")(lambda: ""), resource("notes://b", name="b")(lambda: "")]
    )


@pytest.mark.parametrize("era", ERAS)
async def test_every_list_that_changes_is_told(era: str) -> None:
    yard = runtime()
    async with told(yard, era) as (client, news):
        registry = yard.gate("mcp").registry
        registry.register(tool(name="added")(lambda: ""))
        assert await news.receive() == "tools"
        assert [known.name for known in (await client.list_tools()).tools] == ["added"]
        registry.remove("added")
        assert await news.receive() == "tools"
        yard.prompts.register(prompt(name="added")(lambda: ""))
        assert await news.receive() == "prompts"
        yard.prompts.remove("added")
        assert await news.receive() == "prompts"
        yard.resources.register(resource("notes://c", name="c")(lambda: ""))
        assert await news.receive() == "resources"
        yard.resources.remove("notes://c")
        assert await news.receive() == "resources"
        yard.resources.remove("notes://c")  # nothing to tell
        yard.prompts.remove("added")
        yard.prompts.register(prompt(name="last")(lambda: ""))
        assert await news.receive() == "prompts"


@pytest.mark.parametrize("era", ERAS)
async def test_only_a_resource_that_was_subscribed_to_is_told(era: str) -> None:
    yard = runtime()
    async with told(yard, era, "notes://b") as (_, news):
        yard.resource_updated("notes://a")
        yard.resource_updated("notes://b")
        assert await news.receive() == "notes://b"


@pytest.mark.parametrize("era", ERAS)
async def test_a_burst_is_told_once(era: str) -> None:
    yard = runtime()
    async with told(yard, era, "notes://a") as (_, news):
        for number in range(500):
            yard.gate("mcp").registry.register(tool(name=f"t{number}")(lambda: ""))
        yard.resource_updated("notes://a")
        assert [await news.receive(), await news.receive()] == ["tools", "notes://a"]


@pytest.mark.parametrize("era", ERAS)
async def test_any_thread_may_say_what_changed(era: str) -> None:
    yard = runtime()
    async with told(yard, era, "notes://a") as (_, news):
        await anyio.to_thread.run_sync(yard.resource_updated, "notes://a")
        assert await news.receive() == "notes://a"


async def test_every_client_is_told_and_one_that_left_is_forgotten() -> None:
    yard = runtime()
    async with told(yard, LEGACY) as (_, first):
        async with told(yard, MODERN) as (_, second), told(yard, LEGACY) as (_, third):
            yard.prompts.register(prompt(name="one")(lambda: ""))
            assert [await news.receive() for news in (first, second, third)] == ["prompts"] * 3
        yard.prompts.register(prompt(name="two")(lambda: ""))
        assert await first.receive() == "prompts"
    assert not yard.changes.listeners
    yard.prompts.remove("one")  # told to nobody, and nothing fails


async def test_a_client_unsubscribes() -> None:
    yard = runtime()
    async with told(yard, LEGACY, "notes://a", "notes://b") as (client, news):
        await client.unsubscribe_resource("notes://a")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        await client.unsubscribe_resource("notes://never")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        yard.resource_updated("notes://a")
        yard.resource_updated("notes://b")
        assert await news.receive() == "notes://b"
        with pytest.raises(MCPError) as caught:
            await client.subscribe_resource("notes://nowhere")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]
        assert (caught.value.error.code, caught.value.error.data) == (types.INVALID_PARAMS, {"uri": "notes://nowhere"})


@pytest.mark.parametrize(("door", "era"), WAYS)
async def test_a_tool_says_what_it_changed(tmp_path: Path, door: str, era: str) -> None:
    yard, ear = write_yard(tmp_path, MODULE), Ear()
    with ear.said, ear.news:
        async with client_of(yard, door, era, message_handler=ear) as client, listening(client, era, "notes://today"):
            heard: set[str] = set()
            while heard != {"notes://today", "prompts"}:
                # Over HTTP, a handshake-era client hears nothing before its second connection stands.
                await client.call_tool("write", {"text": "hello"})
                heard |= {ear.news.receive_nowait() for _ in range(ear.news.statistics().current_buffer_used)}
            [note] = (await client.read_resource("notes://today")).contents
            assert isinstance(note, types.TextResourceContents)
            assert note.text.startswith("hello")


@pytest.mark.parametrize("door", DOORS)
async def test_a_handshake_says_that_changes_are_told(tmp_path: Path, door: str) -> None:
    async with client_of(write_yard(tmp_path, MODULE), door, LEGACY) as client:
        can = client.server_capabilities
        assert can.tools == types.ToolsCapability(list_changed=True)
        assert can.prompts == types.PromptsCapability(list_changed=True)
        assert can.resources == types.ResourcesCapability(list_changed=True, subscribe=True)


@pytest.mark.parametrize("door", DOORS)
async def test_discovery_says_that_changes_are_told(tmp_path: Path, door: str) -> None:
    async with client_of(write_yard(tmp_path, MODULE), door, "auto") as client:
        can = client.server_capabilities
        assert can.tools == types.ToolsCapability(list_changed=True)
        assert can.resources == types.ResourcesCapability(list_changed=True, subscribe=True)


async def test_a_client_that_does_not_read_holds_up_nobody_else() -> None:
    yard, ear = runtime(), Ear()
    server = create_server(yard)
    with anyio.fail_after(DEADLINE), ear.said, ear.news:
        async with server.lifespan(server) as state, anyio.create_task_group() as tasks:
            async with streams_to(server, state, tasks) as deaf, streams_to(server, state, tasks) as streams:
                await shake_hands(*deaf)
                async with Client(nullcontext(streams), mode=LEGACY, message_handler=ear) as client:
                    await client.list_tools()
                    for number in range(20):
                        yard.prompts.register(prompt(name=f"p{number}")(lambda: ""))
                        assert await ear.news.receive() == "prompts"
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def streams_to(server: Server[Announcer], state: Announcer, tasks: TaskGroup) -> AsyncGenerator[Streams]:
    """Another client's streams to the same serving."""
    async with create_client_server_memory_streams() as (client, (incoming, outgoing)):
        tasks.start_soon(partial(serve_loop, server, incoming, outgoing, lifespan_state=state))
        yield client


async def shake_hands(incoming: Any, outgoing: Any) -> None:
    """Come in as a client of the handshake era, and read nothing more."""
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "deaf", "version": "1"}}
    hello = types.JSONRPCRequest(jsonrpc="2.0", id=1, method="initialize", params=about)
    await outgoing.send(SessionMessage(hello))
    await incoming.receive()
    await outgoing.send(SessionMessage(types.JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")))
