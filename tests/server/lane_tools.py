"""What both sides of the differential test serve: every kind of tool, and every kind of answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from mcp import MCPError

from toolyard import ToolContext, ToolError, define_tool, tool
from toolyard.mcp import ToolRuntime, create_mcp_runtime
from toolyard.testing import MemoryLedger
from toolyard_kernel.content import Audio, EmbeddedResource, Image, InputRequired, ResourceLink, Text, ToolResult
from toolyard_kernel.profiles.profile import PermissionProfile

PROFILE = {
    "profile": "p",
    "tools": {"deny": ["hidden"]},
    "approval": {"deadline": "1s", "required_tools": ["sometimes"]},
    "limits": {"timeout": "5s", "output_bytes": 20_000},
}


@dataclass
class Told:
    word: str
    count: int | None = None


@tool
async def echo(value: object = None) -> dict[str, Any]:
    """Say it back: é."""
    return {"value": value}


@tool
def text(value: str = "é") -> str:
    """Say a text back, from a thread."""
    return value


@tool(inline=True)
def told(word: str, count: int = 1) -> Told:
    """Answer with an object of known shape."""
    return Told(word, count)


@tool
async def look(ctx: ToolContext, value: int = 0) -> str:
    """Look at the wire."""
    await ctx.progress(1, 2, "half")
    return f"{ctx.wire is not None} {value}"


@tool(approval="always")
async def act(text: str) -> str:
    """Needs a yes."""
    raise SystemExit("nobody said yes")


@tool
async def sometimes() -> str:
    """The profile asks."""
    return "not reached"


@tool
async def hidden() -> str:
    """Is denied."""
    return "not reached"


@tool(effects=["network"])
async def fetch(url: str) -> str:
    """Is not granted."""
    return "not reached"


@tool
async def fail(how: str = "words") -> str:
    """Fail in one of several ways."""
    match how:
        case "words":
            raise ToolError("out of paper: é")
        case "protocol":
            raise MCPError(-32099, "boo", {"why": None})
        case "protocol known":
            raise MCPError(-32602, "no such thing")
        case _:
            raise ValueError(how)


class Marked(str):
    """A text of a class of its own, as template engines have it."""

    __slots__ = ()


@tool
async def mixed(times: int = 1) -> list[Any]:
    """Answer with every kind of content."""
    blocks = [
        Text("é\ud800"),
        Text(Marked("marked")),
        Image(data=b"\x00\xff", mime_type="image/png"),
        Audio(data=b"\x01", mime_type="audio/wav"),
        EmbeddedResource(uri="test://text", content="\ud800 words", mime_type="text/plain"),
        EmbeddedResource(uri="not a uri", content=b"\x00"),
        ResourceLink(uri="test://link", name="link"),
        ResourceLink(uri="test://link", name="", description="d", mime_type="text/plain"),
    ]
    return blocks * times


@tool
async def refused() -> ToolResult:
    """Answer as failed, with more than content."""
    return ToolResult(content=[Text("no")], structured={"reason": None, "big": 10**30}, is_error=True)


@tool
async def more() -> InputRequired:
    """Need input that the client cannot be asked for."""
    return InputRequired(requests={"k": {"method": "roots/list"}}, state="s")


@tool
async def long(times: int = 3000) -> str:
    """Answer with more than a call may."""
    return "0123456789" * times


@tool(timeout=0.05)
async def late() -> str:
    """Never end."""
    await asyncio.Event().wait()
    return "not reached"


@tool(secret="key")
async def keep(key: str) -> str:
    """Keep a secret."""
    return f"{len(key)}"


REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


@define_tool(name="deploy", description="Deploy.", input_schema=REGION)
def deploy(arguments: dict[str, Any], ctx: ToolContext) -> str:
    return f"deployed in {arguments.get('region')}"


@tool
async def count(words: list[str]) -> dict[str, int]:
    """Count words."""
    return {word: words.count(word) for word in words}


TOOLS = (
    echo, text, told, look, act, sometimes, hidden, fetch, fail, mixed, refused, more, long, late, keep, deploy, count,
)  # fmt: skip


def runtime_of(ledger: MemoryLedger) -> ToolRuntime:
    profile = PermissionProfile.model_validate(PROFILE)
    return create_mcp_runtime(tools=TOOLS, profile=profile, ledger=ledger)
