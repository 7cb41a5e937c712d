"""One yard, reached through every door there is: in memory, over stdio and over HTTP."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
from mcp import Client

from tests.server.yards import DEADLINE, ERAS, Yard, serving
from toolyard.config.runtime import load_config, runtime_of
from toolyard.mcp import create_server

DOORS = ("memory", "stdio", "http")
WAYS = [(door, era) for door in DOORS for era in ERAS]


@asynccontextmanager
async def client_of(yard: Yard, door: str, era: str, **options: Any) -> AsyncGenerator[Client]:
    """The SDK's client of what `yard` serves."""
    with anyio.fail_after(DEADLINE):
        if door == "http":
            with serving(yard) as server:
                async with Client(server.url, mode=era, **options) as client:
                    yield client
        elif door == "stdio":
            async with Client(yard.stdio(), mode=era, **options) as client:
                yield client
        else:
            with _loaded_here():
                loaded = load_config(yard.root / yard.config)
                server_here = create_server(runtime_of(loaded), extend=loaded.extend())
            async with Client(server_here, mode=era, **options) as client:
                yield client


@contextmanager
def _loaded_here() -> Generator[None]:
    """Modules of one yard are not those of the next, though they have the same names."""
    path, modules = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if name.startswith("my_"):
                del sys.modules[name]
