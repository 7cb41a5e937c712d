"""A config is read again while it is served; a broken one changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

pytestmark = pytest.mark.anyio

PATIENCE = 60.0

ONE = '''
from toolyard import tool

@tool
def one() -> str:
    """The first."""
    return "one"
'''
TWO = ONE.replace("one", "two") + "# longer\n"


@contextmanager
def served(folder: Path, *options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "toolyard", "serve", "toolyard.yaml", "--transport", "streamable-http", "--port"]
    with subprocess.Popen([*command, "0", *options], cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        watchdog = Timer(PATIENCE, server.kill)  # then a line that never comes is the end of its stream
        watchdog.start()
        try:
            yield server, said(server, "http://").split()[-1]
        finally:
            watchdog.cancel()
            server.terminate()


def said(server: subprocess.Popen[str], words: str) -> str:
    """The next line on stderr that has `words` in it."""
    assert server.stderr
    lines = iter(server.stderr.readline, "")
    return next(line.strip() for line in lines if words in line)


async def names(url: str, token: str | None = None) -> list[str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers) as web,
        Client(streamable_http_client(url, http_client=web), mode="2026-07-28") as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    (tmp_path / "toolyard.yaml").write_text("python: [mine]\n")
    (tmp_path / "mine.py").write_text(ONE)
    return tmp_path


async def test_sighup_brings_the_new_tools_and_takes_the_old_away(yard: Path) -> None:
    with anyio.fail_after(60), served(yard) as (server, url):
        assert await names(url) == ["one"]
        (yard / "mine.py").write_text(TWO)
        server.send_signal(signal.SIGHUP)
        said(server, "was reloaded")
        assert await names(url) == ["two"]
        async with Client(url) as client:
            with pytest.raises(MCPError):
                await client.call_tool("one", {})


@pytest.mark.parametrize(
    ("file", "broken", "named"),
    [
        ("toolyard.yaml", "pyhton: [mine]\n", "pyhton"),
        ("toolyard.yaml", "profile: nobody\npython: [mine]\n", "nobody"),
        ("mine.py", "raise RuntimeError('half written')\n", "half written"),
    ],
)
async def test_a_broken_config_is_reported_and_the_old_one_stays_in_force(
    yard: Path, file: str, broken: str, named: str
) -> None:
    with anyio.fail_after(60), served(yard) as (server, url):
        (yard / file).write_text(broken)
        server.send_signal(signal.SIGHUP)
        assert named in said(server, "was not reloaded")
        assert await names(url) == ["one"]
        async with Client(url) as client:
            assert not (await client.call_tool("one", {})).is_error


async def test_a_narrower_profile_holds_from_the_reload_on_also_in_a_session_that_was_open(yard: Path) -> None:
    with anyio.fail_after(60), served(yard) as (server, url):
        async with Client(url, mode="legacy") as client:
            assert not (await client.call_tool("one", {})).is_error
            (yard / "toolyard.yaml").write_text("profile: {tools: {deny: [one]}}\npython: [mine]\n")
            server.send_signal(signal.SIGHUP)
            said(server, "was reloaded")
            with pytest.raises(MCPError):
                await client.call_tool("one", {})


async def test_with_reload_a_change_of_a_file_is_enough(yard: Path) -> None:
    with anyio.fail_after(60), served(yard, "--reload") as (server, url):
        (yard / "mine.py").write_text(TWO)
        said(server, "was reloaded")
        assert await names(url) == ["two"]


async def test_a_token_that_is_taken_out_is_refused_and_the_last_one_cannot_be(
    yard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANN", "a" * 20)
    monkeypatch.setenv("BOB", "b" * 20)
    both = "auth: {tokens: [{id: ann, env: ANN}, {id: bob, env: BOB}]}\npython: [mine]\n"
    (yard / "toolyard.yaml").write_text(both)
    with anyio.fail_after(60), served(yard) as (server, url):
        assert await names(url, os.environ["BOB"]) == ["one"]
        (yard / "toolyard.yaml").write_text(both.replace(", {id: bob, env: BOB}", ""))
        server.send_signal(signal.SIGHUP)
        said(server, "was reloaded")
        assert await names(url, os.environ["ANN"]) == ["one"]
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {os.environ['BOB']}"}) as web:
            assert (await web.post(url, json={})).status_code == 401
        (yard / "toolyard.yaml").write_text("python: [mine]\n")
        server.send_signal(signal.SIGHUP)
        assert "auth.tokens" in said(server, "was not reloaded")
        async with httpx2.AsyncClient() as web:
            assert (await web.post(url, json={})).status_code == 401
