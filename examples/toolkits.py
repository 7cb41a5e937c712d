"""The built-in toolkits over a small shop: an assistant that may look at everything and change nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from mcp import Client
from mcp_types import TextContent

from toolyard import mcp

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("read", {"path": "orders/monday.txt"}),
    ("grep", {"pattern": "mug"}),
    ("sql_query", {"connection": "shop", "sql": "select name, stock from items where stock < 10"}),
    ("sql_query", {"connection": "shop", "sql": "delete from items"}),
    ("bash", {"command": "wc -l orders/*.txt"}),
    ("bash", {"command": "rm -r orders"}),
    ("read", {"path": "../../etc/passwd"}),
)


def fill(folder: Path) -> None:
    (folder / "orders").mkdir()
    (folder / "orders/monday.txt").write_text("2 mugs\n1 cup\n")
    (folder / "orders/tuesday.txt").write_text("5 mugs\n")
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("create table items (name text, stock integer)")
        database.execute("insert into items values ('mug', 3), ('cup', 40)")


async def main(folder: Path) -> None:
    fill(folder)
    runtime = mcp.create_mcp_runtime(
        profile="readonly",
        toolkits={
            "files": {"root": folder},
            "search": {"root": folder},
            "shell": {"root": folder},
            "database": {"connections": {"shop": {"url": f"sqlite:///{folder}/shop.db"}}},
        },
    )
    async with Client(mcp.create_server(runtime)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        print("tools:", ", ".join(names))  # without bubblewrap there is no `bash` under this profile
        for name, arguments in (call for call in CALLS if call[0] in names):
            result = await client.call_tool(name, arguments)
            text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
            print(f"\n{name} {arguments}\n{'refused: ' if result.is_error else ''}{text}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
