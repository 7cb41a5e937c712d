"""An MCP client that starts a Toolyard server and talks to it over stdin and stdout."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parent.parent


async def main() -> None:
    arguments = ["-m", "toolyard", "serve", str(ROOT / "configs/minimal.yaml")]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
        for tool in (await client.list_tools()).tools:
            print(f"{tool.name}: {(tool.description or '').partition(chr(10))[0]}")
        result = await client.call_tool("list", {"path": "configs"})
        print(result.content[0].model_dump()["text"])


if __name__ == "__main__":
    asyncio.run(main())
