"""A toolkit of one's own: settings that are checked, and something that is open while it serves.

In a package of yours, the entry point `notes = "your_package:NotesToolkit"` in the group `toolyard.toolkits` lets any
config say `toolkits: {notes: {file: notes.db}}`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from mcp import Client
from pydantic import BaseModel, ConfigDict

from toolyard import SettingsPath, Tool, ToolError, mcp, tool


class NotesSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: SettingsPath


class NotesToolkit:
    """Notes in a SQLite file."""

    Settings = NotesSettings
    name = "notes"

    def __init__(self, settings: NotesSettings) -> None:
        self._file = settings.file

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        with closing(sqlite3.connect(self._file)) as db, db:
            db.execute("create table if not exists notes (title text primary key, body text)")
        yield

    def tools(self) -> Sequence[Tool]:
        return (tool(self.add_note), tool(self.find_note))

    def add_note(self, title: str, body: str) -> str:
        """Keep a note under a title."""
        with closing(sqlite3.connect(self._file)) as db, db:
            db.execute("insert or replace into notes values (?, ?)", (title, body))
        return f"kept {title!r}"

    def find_note(self, title: str) -> str:
        """Find the note of a title."""
        with closing(sqlite3.connect(self._file)) as db:
            found = db.execute("select body from notes where title = ?", (title,)).fetchone()
        if found is None:
            raise ToolError(f"no note is titled {title!r}; add one with add_note")
        return str(found[0])


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        notes = NotesToolkit(NotesSettings(file=Path(folder, "notes.db")))
        async with Client(mcp.create_server(mcp.create_mcp_runtime(toolkits=[notes]))) as client:
            for name, arguments in (
                ("add_note", {"title": "tea", "body": "three minutes"}),
                ("find_note", {"title": "tea"}),
                ("find_note", {"title": "coffee"}),
            ):
                result = await client.call_tool(name, arguments)
                print(name, "→", "error:" if result.is_error else "", result.content[0].model_dump()["text"])


if __name__ == "__main__":
    asyncio.run(main())
