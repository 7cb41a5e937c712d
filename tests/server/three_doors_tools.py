"""The tools that are called through every door: one for each way in which a call can end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolyard import ToolError, tool
from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.profile import PermissionProfile

WAITS, LAUNCHED = Path("waits"), Path("launched")
"""Files in the folder of the program that runs the tools: a call goes on, and what was launched."""
LONG = "".join(f"{number:05d} a line of what is too long to be answered with\n" for number in range(100))


@tool
def add(a: int, b: int) -> dict[str, int]:
    """Add two numbers."""
    return {"sum": a + b}


@tool(secret=["key"])
def sign(text: str, key: str) -> str:
    """Sign a text with a key."""
    return f"{text} was signed with {len(key)} characters"


@tool(approval="always")
def launch(target: str) -> str:
    """Launch at a target."""
    with LAUNCHED.open("a") as file:
        file.write(f"{target}\n")
    return f"launched at {target}"


@tool
def fail() -> str:
    """Fail, and say why."""
    raise ToolError("the bridge is out")


@tool
def crash() -> str:
    """Fail without having meant to."""
    raise LookupError("no such bridge")


@tool(timeout=0.1)
async def dawdle() -> str:
    """Take longer than its deadline."""
    await asyncio.Event().wait()
    return "never"


@tool
async def wait() -> str:
    """Never end."""
    WAITS.touch()
    await asyncio.Event().wait()
    return "never"


@tool
def tell() -> str:
    """Tell what is too long to be answered with."""
    return LONG


@tool
def forbidden() -> str:
    """Not for anybody under this profile."""
    LAUNCHED.touch()
    return "ran"


@tool(effects=["network"])
def fetch() -> str:
    """Reach out."""
    LAUNCHED.touch()
    return "ran"


@tool(name="move")
def _move(where: str) -> str:
    """Move, here or away."""
    return f"moved to {where}"


def _leaves(arguments: dict[str, Any], profile: PermissionProfile) -> frozenset[Effect]:
    return frozenset({"network"}) if arguments["where"] == "away" else frozenset()


move = replace(_move, may=frozenset[Effect]({"network"}), call_effects=_leaves)
del _move
