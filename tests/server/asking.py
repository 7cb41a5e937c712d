"""A server whose tool asks, the clients that are asked, and what may not be left when they are gone."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import anyio
import httpx2
import mcp_types as types
from mcp import Client
from mcp_types import CallToolResult, TextContent

from tests.server.yards import DEADLINE, MODERN, Server, Talk, Yard, serving, talking, write_yard

Transport = Literal["stdio", "http"]
TRANSPORTS: tuple[Transport, ...] = ("stdio", "http")

TOOLS = '''
import asyncio, os, subprocess
from pathlib import Path
from toolyard import ToolContext, tool

RAN = Path(__file__).with_name("ran.txt")

def run(text):
    with RAN.open("a") as file:
        file.write(text + "\\n")

@tool(approval="always", secret=["key"])
async def act(text: str = "", key: str = "") -> str:
    """Needs a yes."""
    run(text)
    return f"acted {text}"

@tool(approval="always")
async def act_too(text: str = "") -> str:
    """Needs a yes of its own."""
    run(text)
    return f"acted {text}"

@tool(approval="always")
async def linger(text: str = "") -> str:
    """Needs a yes, and then never ends."""
    run(text)
    await asyncio.Event().wait()
    return "never"

@tool
async def census(ctx: ToolContext) -> dict[str, int]:
    """What the server holds on to; since it could look at the wire, the SDK's server is a part of that each time."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {
        "descriptors": len(os.listdir(f"/proc/{os.getpid()}/fd")),
        "tasks": len(asyncio.all_tasks()),
        "children": len(children),
    }
'''

CONFIG = """
profile: {{profile: careful, approval: {{on_ask: {on_ask}, deadline: {deadline}}}, limits: {{timeout: 20s}}}}
python: [my_tools]
"""


def asking_yard(root: Path, deadline: str = "20s", on_ask: str = "[elicit, deny]", more: str = "") -> Yard:
    """A yard whose tools `act`, `act_too` and `linger` always ask."""
    return write_yard(root, TOOLS, CONFIG.format(deadline=deadline, on_ask=on_ask) + more)


def ran(yard: Yard) -> list[str]:
    """What `act`, `act_too` and `linger` ran with."""
    path = yard.root / "ran.txt"
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def served(yard: Yard, transport: Transport) -> Generator[Server | None]:
    """The yard's server over HTTP; over stdio each client starts its own."""
    if transport == "stdio":
        yield None
        return
    with serving(yard) as server:
        yield server


Elicited = Callable[[types.ElicitRequestFormParams], Awaitable[types.ElicitResult | types.ErrorData]]


@asynccontextmanager
async def client(yard: Yard, server: Server | None, era: str, elicited: Elicited | None) -> AsyncGenerator[Client]:
    """The SDK's client; it declares elicitation when it is given `elicited`."""

    async def callback(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult | types.ErrorData:
        assert isinstance(params, types.ElicitRequestFormParams)
        assert elicited
        return await elicited(params)

    target = server.url if server else yard.stdio()
    with anyio.fail_after(DEADLINE):
        async with Client(target, mode=cast("Any", era), elicitation_callback=callback if elicited else None) as found:
            yield found


def text_of(result: CallToolResult) -> str:
    return "".join(block.text for block in result.content if isinstance(block, TextContent))


async def census(found: Client) -> dict[str, int]:
    result = await found.call_tool("census")
    return cast("dict[str, int]", result.structured_content)


async def settles(found: Client, before: dict[str, int]) -> None:
    """Wait until the server holds on to no more than before; a closed connection takes it a moment."""
    now: dict[str, int] = {}
    with anyio.move_on_after(DEADLINE / 3):
        while True:
            now = await census(found)
            if all(now[name] <= before[name] for name in before):
                return
            await anyio.sleep(0.01)
    raise AssertionError(f"left behind: {before} became {now}")


async def until(true: Callable[[], object]) -> None:
    with anyio.fail_after(DEADLINE):
        while not true():  # noqa: ASYNC110 - it happens in another process
            await anyio.sleep(0.01)


async def recorded(yard: Yard, count: int) -> list[tuple[str, str, str | None]]:
    """Wait for the ledger to end `count` calls; the records of tools that ask, as call, event and status."""
    with anyio.fail_after(DEADLINE):
        while True:
            told = [
                (record["call_id"], record["event"], record.get("status"))
                for record in yard.records()
                if record["tool"] != "census"
            ]
            if sum(status is not None and event != "wait" for _, event, status in told) >= count:
                return told
            await anyio.sleep(0.01)


class Line(Protocol):
    """A 2026-07-28 conversation in raw JSON-RPC."""

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The answer: a result or an error."""
        ...


META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}
YES: dict[str, Any] = {"approval": {"action": "accept", "content": {"approve": True}}}
NO: dict[str, Any] = {"approval": {"action": "decline"}}


@dataclass(kw_only=True)
class HttpLine:
    client: httpx2.AsyncClient
    url: str
    headers: dict[str, str]

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **params}}
        name = {"Mcp-Name": str(params["name"])} if "name" in params else {}
        response = await self.client.post(
            self.url, content=json.dumps(body), headers={**self.headers, "Mcp-Method": method, **name}
        )
        if response.headers["content-type"].startswith("text/event-stream"):
            return cast("dict[str, Any]", json.loads(response.text.rpartition("data: ")[2]))
        return cast("dict[str, Any]", response.json())


@dataclass(kw_only=True)
class StdioLine:
    talk: Talk
    sent: int = 0

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.sent += 1
        await self.talk.send({"id": self.sent, "method": method, "params": {"_meta": META, **params}})
        return await self.talk.answer(self.sent)


HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": MODERN,
}


@asynccontextmanager
async def line(yard: Yard, server: Server | None, token: str | None = None) -> AsyncGenerator[Line]:
    """A raw conversation with the server over HTTP, or with one of its own over stdio."""
    if server is None:
        async with talking(yard) as talk:
            yield StdioLine(talk=talk)
        return
    shown = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(trust_env=False, timeout=DEADLINE) as found:
        yield HttpLine(client=found, url=server.url, headers={**HEADERS, **shown})


async def call(on: Line, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One round of a call."""
    return await on.request("tools/call", {"name": tool, "arguments": arguments, **more})


async def ask(on: Line, tool: str = "act", arguments: dict[str, Any] | None = None) -> str:
    """The first round of a call; the state it leaves."""
    answer = await call(on, tool, arguments or {})
    assert answer["result"]["resultType"] == "input_required", answer
    return cast("str", answer["result"]["requestState"])
