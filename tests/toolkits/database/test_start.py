"""A server with a connection that is not safe does not start, and one that lists tools loads no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toolkits.database.servers import Place, fill_sqlite

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
STEPS = (
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)
CONFIG = 'toolkits: {database: {connections: {shop: {url_env: "SHOP_URL"}}}}\n'


def serve(folder: Path, url: str, *transport: str) -> subprocess.CompletedProcess[str]:
    (folder / "toolyard.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "toolyard", "serve", "toolyard.yaml", *transport]
    given = "".join(json.dumps(step) + "\n" for step in STEPS)
    environment = {**os.environ, "SHOP_URL": url}
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("transport", [(), ("--transport", "streamable-http", "--port", "0")], ids=["stdio", "http"])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_greedy_role_ends_the_start_with_the_statements_that_make_a_fitting_one(
    kind: str, transport: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place: Place = request.getfixturevalue(f"{kind}_place")
    ended = serve(tmp_path, place.greedy, *transport)
    assert ended.returncode == 2, ended.stderr
    assert "may do more than a tool should" in ended.stderr
    assert "GRANT SELECT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert place.greedy.partition("@")[0].rpartition(":")[2] not in ended.stderr


def test_a_server_that_is_down_is_no_reason_not_to_start(tmp_path: Path) -> None:
    ended = serve(tmp_path, "postgresql://me:secret@127.0.0.1:1/shop")
    assert ended.returncode == 0, ended.stderr
    assert '"sql_query"' in ended.stdout
    assert "cannot be reached" in ended.stderr
    assert "secret" not in ended.stderr


def test_a_list_of_tools_loads_neither_sqlalchemy_nor_sqlglot(tmp_path: Path) -> None:
    file = fill_sqlite(tmp_path / "shop.db")
    code = (
        "import asyncio, json, sys\n"
        "from toolyard_toolkits.database import DatabaseToolkit\n"
        f"url = {f'sqlite:///{file}'!r}\n"
        "toolkit = DatabaseToolkit(DatabaseToolkit.Settings(connections={'shop': {'url': url}}))\n"
        "async def main():\n"
        "    async with toolkit.lifespan():\n"
        "        [tool.input_schema for tool in toolkit.tools()]\n"
        "asyncio.run(main())\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    assert not set(json.loads(ran.stdout)) & {"sqlalchemy", "sqlglot", "psycopg", "pymysql"}


def test_a_driver_that_is_not_installed_is_named_with_its_extra(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "sys.modules['psycopg'] = None\n"
        "from toolyard_toolkits.database import DatabaseToolkit\n"
        "toolkit = DatabaseToolkit(DatabaseToolkit.Settings(connections={'shop': {'url': 'postgresql://a@b/c'}}))\n"
        "async def main():\n"
        "    async with toolkit.lifespan(): pass\n"
        "asyncio.run(main())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.PIPE, text=True)
    assert "pip install 'toolyard[postgresql]'" in ran.stderr
