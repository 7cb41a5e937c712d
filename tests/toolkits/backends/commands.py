"""Commands for the tests of backends, and what is left of them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import anyio

from toolyard_kernel.backends import Command

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
LEFT_OVER_SECONDS = 5


def bash(folder: Path, script: str, **how: Any) -> Command:
    given: dict[str, Any] = {"timeout": 20.0, "output_bytes": 2_000, "environment": ENVIRONMENT, **how}
    return Command(argv=("bash", "--noprofile", "--norc", "-c", script), folder=folder, **given)


def long_sleep() -> str:
    """The argument of a `sleep` of ten minutes that no other has."""
    return f"600.{secrets.randbelow(10**9):09}"


async def is_left(argument: str) -> bool:
    """Whether a process with this argument is still there after five seconds."""
    with anyio.move_on_after(LEFT_OVER_SECONDS):
        while _processes_with(argument):  # noqa: ASYNC110 - no event tells of a process of somebody else
            await anyio.sleep(0.05)
        return False
    return True


async def has_begun(argument: str) -> None:
    with anyio.fail_after(20):
        while not _processes_with(argument):  # noqa: ASYNC110 - see below
            await anyio.sleep(0.02)


def _processes_with(argument: str) -> list[str]:
    return [process.name for process in Path("/proc").iterdir() if process.name.isdecimal() and _has(process, argument)]


def _has(process: Path, argument: str) -> bool:
    try:
        return argument.encode() in (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
