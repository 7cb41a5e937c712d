"""The built-in toolkits over one folder, for both sides of the differential test."""

from __future__ import annotations

import sqlite3
from base64 import b64decode
from contextlib import closing
from pathlib import Path
from typing import Any

from toolyard.mcp import ToolRuntime, create_mcp_runtime
from toolyard.testing import MemoryLedger
from toolyard_kernel.profiles.profile import PermissionProfile

PROFILE = {
    "profile": "p",
    "shell": "unrestricted",
    "database": "readonly",
    "file_write": "full",
    "tools": {"deny": ["glob"]},
    "approval": {"mode": "none"},
    "limits": {"timeout": "20s", "output_bytes": 20_000},
}
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

CALLS: list[dict[str, Any]] = [
    {"name": "read", "arguments": {"path": "notes.txt"}},
    {"name": "read", "arguments": {"path": "notes.txt", "start_line": 2, "end_line": 2}},
    {"name": "read", "arguments": {"path": "dot.png"}},
    {"name": "read", "arguments": {"path": "nothing.txt"}},
    {"name": "read", "arguments": {"path": "../outside"}},
    {"name": "read", "arguments": {"path": "notes.txt", "start_line": 0}},
    {"name": "read"},
    {"name": "list", "arguments": {"recursive": True}},
    {"name": "write", "arguments": {"path": "new/made.txt", "content": "é\n"}},
    {"name": "edit", "arguments": {"path": "notes.txt", "old_string": "alpha", "new_string": "alpha"}},
    {"name": "edit", "arguments": {"path": "notes.txt", "old_string": "nowhere", "new_string": ""}},
    {"name": "grep", "arguments": {"pattern": "b.ta"}},
    {"name": "grep", "arguments": {"pattern": "("}},
    {"name": "glob", "arguments": {"pattern": "*"}},
    {"name": "sql_query", "arguments": {"connection": "shop", "sql": "select * from items"}},
    {"name": "sql_query", "arguments": {"connection": "shop", "sql": "select * from items", "row_limit": 1}},
    {"name": "sql_query", "arguments": {"connection": "shop", "sql": "delete from items"}},
    {"name": "sql_query", "arguments": {"connection": "nowhere", "sql": "select 1"}},
    {"name": "sql_tables", "arguments": {"connection": "shop"}},
    {"name": "sql_describe", "arguments": {"connection": "shop", "table": "items"}},
    {"name": "sql_export", "arguments": {"connection": "shop", "sql": "select * from items", "path": "items.csv"}},
    {"name": "bash", "arguments": {"command": "echo é; echo no >&2; exit 3"}},
    {"name": "bash", "arguments": {"command": "sleep 60", "timeout": 0.2}},
    {"name": "bash", "arguments": {"command": "printf 'line %s\\n' {1..9000}"}},
]


def fill(root: Path) -> None:
    """What the tools find. One side may have called before the other: no call changes what the next one sees."""
    (root / "notes.txt").write_text("alpha\nbeta\n")
    (root / "dot.png").write_bytes(PNG)
    (root / "new").mkdir()
    (root / "new/made.txt").write_text("é\n")
    (root / "items.csv").write_text("")
    with closing(sqlite3.connect(root / "shop.db")) as database, database:
        database.execute("create table items (id integer primary key, name text)")
        database.execute("insert into items (name) values ('mug'), ('cup')")


def runtime_over(root: Path, ledger: MemoryLedger) -> ToolRuntime:
    here = {"root": str(root)}
    shop = {"shop": {"url": f"sqlite:///{root / 'shop.db'}"}}
    return create_mcp_runtime(
        toolkits={"files": here, "search": here, "shell": here, "database": {**here, "connections": shop}},
        profile=PermissionProfile.model_validate(PROFILE),
        ledger=ledger,
    )
