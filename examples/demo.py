"""Toolyard in one run: both transports, both protocol eras, a refusal, a closed door, and the record of it all.

It needs no key, no service and no network: it talks to servers it starts itself, and ends them.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
import tempfile
import textwrap
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

HERE = Path(__file__).parent
SERVE = ["-m", "toolyard", "serve", str(HERE / "demo.yaml")]
ERAS = {"legacy": "with a handshake", "2026-07-28": "stateless"}


async def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        env = {**os.environ, "XDG_STATE_HOME": state, "DEMO_TOKEN": secrets.token_urlsafe(24)}
        for era, words in ERAS.items():
            print(f"\n● stdio, protocol {words}")
            server = StdioServerParameters(command=sys.executable, args=SERVE, env=env)
            async with Client(server, mode=era) as client:
                await tour(client)
        async with http_server(env) as url:
            await doors(url, env["DEMO_TOKEN"])
        await record(env)


async def tour(client: Client) -> None:
    """List, call, and be refused."""
    tools = (await client.list_tools()).tools
    print(f"  protocol {client.protocol_version}; listed: {', '.join(tool.name for tool in tools)}")
    await called(client, "read", path="README.md", start_line=1, end_line=3)
    await called(client, "word_count", text="to be or not to be")
    await refused(client, "read", path="../../etc/passwd")
    await refused(client, "publish", title="Everything")


async def called(client: Client, tool: str, **arguments: object) -> None:
    result = await client.call_tool(tool, arguments)
    tell("✓ called ", tool, arguments, first_line(result))
    if result.is_error:
        raise SystemExit(f"{tool} should have answered")


async def refused(client: Client, tool: str, **arguments: object) -> None:
    result = await client.call_tool(tool, arguments)
    tell("✗ refused", tool, arguments, first_line(result))
    if not result.is_error:
        raise SystemExit(f"{tool} should have been refused")


def tell(what: str, tool: str, arguments: dict[str, object], answer: str) -> None:
    shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    print(f"  {what}  {tool}({shown})\n             → {answer}")


def first_line(result: CallToolResult) -> str:
    text = next((block.text for block in result.content if block.type == "text"), "")
    return textwrap.shorten(text.strip().partition("\n")[0], 160, placeholder=" …")


async def doors(url: str, token: str) -> None:
    """HTTP without a token, then with one, in both eras."""
    async with httpx2.AsyncClient() as web:
        answer = await web.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        print(f"\n● HTTP without a token\n  ✗ refused  {answer.status_code} {answer.text.strip()}")
    for era, words in ERAS.items():
        print(f"\n● HTTP with a token, protocol {words}")
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as web,
            Client(streamable_http_client(url, http_client=web), mode=era) as client,
        ):
            await tour(client)


@asynccontextmanager
async def http_server(env: dict[str, str]) -> AsyncGenerator[str]:
    """A server on a free port; its URL is on the first line of its stderr."""
    command = [*SERVE, "--transport", "streamable-http", "--port", "0"]
    server = await asyncio.create_subprocess_exec(sys.executable, *command, env=env, stderr=asyncio.subprocess.PIPE)
    assert server.stderr
    try:
        said = (await server.stderr.readline()).decode()
        url = re.search(r"http://\S+", said)
        if url is None:
            raise SystemExit(said + (await server.stderr.read()).decode())
        yield url[0]
    finally:
        if server.returncode is None:
            server.terminate()
        await server.communicate()


async def record(env: dict[str, str]) -> None:
    print("\n● the last records: two of each call, one of a refusal (toolyard ledger show)", flush=True)
    show = await asyncio.create_subprocess_exec(sys.executable, "-m", "toolyard", "ledger", "show", "-n", "9", env=env)
    if await show.wait():
        raise SystemExit("the ledger could not be shown")


if __name__ == "__main__":
    asyncio.run(main())
