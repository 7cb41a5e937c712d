"""What the clients of other languages meet: a yard with one tool for each thing they do, over each transport."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import node
from tests.server.yards import DEADLINE, TOOLYARD, Yard, serving, write_yard

TRANSPORTS = ("stdio", "http")
TOOLS = '''
import asyncio

from toolyard import ToolContext, tool

ended = asyncio.Event()
turn = asyncio.Event()


@tool
def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    return a + b


@tool
async def count(ctx: ToolContext) -> str:
    """Count to three, and wait after each number until `heard` is called."""
    for number in (1, 2, 3):
        await ctx.progress(number, 3)
        await turn.wait()
        turn.clear()
    return "counted"


@tool
async def heard() -> str:
    """Let `count` go on."""
    turn.set()
    return "go on"


@tool(approval="always")
def erase(name: str) -> str:
    """Erase something.

    Args:
        name: What.
    """
    return f"erased {name}"


@tool
async def wait(ctx: ToolContext) -> None:
    """Wait until somebody cancels."""
    await ctx.progress(0)
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


@tool
async def stopped() -> str:
    """Answer once `wait` was cancelled."""
    await ended.wait()
    return "stopped"
'''

needs_node = pytest.mark.skipif(
    not node.ready(), reason="these clients run on node: `make conformance` installs it, and them"
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """The yard, and where a client finds it: a URL, or a command to start."""

    yard: Yard
    url: str | None

    @property
    def address(self) -> dict[str, Any]:
        """As MCP clients are configured."""
        if self.url:
            return {"type": "streamable-http", "url": self.url}
        command, *arguments = TOOLYARD
        arguments += ["serve", self.yard.config]
        return {"command": command, "args": arguments, "env": dict(self.yard.env), "cwd": str(self.yard.root)}


@contextmanager
def target(root: Path, transport: str) -> Generator[Target]:
    yard = write_yard(root, TOOLS)
    if transport == "stdio":
        yield Target(yard=yard, url=None)
        return
    with serving(yard) as server:
        yield Target(yard=yard, url=server.url)


def run_node(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A script to its end; what it wrote to stderr is shown when the test fails."""
    env = {**os.environ, "PACKAGES": str(node.FOLDER)}
    done = subprocess.run(
        [node.NODE, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=2 * DEADLINE
    )
    print(done.stderr)  # noqa: T201
    return done


def findings(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0
    return json.loads(done.stdout)
