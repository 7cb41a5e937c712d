"""What every server under measurement offers: `echo`, and as many more tools of the same kind as are asked for."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

NAME = "echo"
DESCRIPTION = "Give a text back as it is."
TEXT = "What to give back."
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": TEXT}},
    "required": ["text"],
    "additionalProperties": False,
}

Echo = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a server is started: over HTTP, or over stdio, and with how many tools."""

    http: bool
    tools: int


def choice() -> Choice:
    """What the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--tools", type=int, default=10)
    given = parser.parse_args()
    return Choice(http=given.http, tools=given.tools)


def names(tools: int) -> list[str]:
    return [NAME, *(f"{NAME}_{number:04}" for number in range(1, tools))]


def echo() -> Echo:
    """A function of its own for each tool, as frameworks keep what they know about a function with it."""

    async def echo(text: str) -> str:
        return text

    echo.__doc__ = f"{DESCRIPTION}\n\nArgs:\n    text: {TEXT}\n"
    return echo
