"""Conversations over pipes with a server in this process, with the lane and without it."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any

from tests.server.lane_pair import RuntimeOf, settled
from tests.server.lane_tools import runtime_of
from toolyard.mcp import serve_stdio
from toolyard.standard_streams import Streams
from toolyard.testing import MemoryLedger

PATIENCE = 20
"""Seconds after which a conversation is stuck."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Everything the server said, and what it recorded, each in an order of its own."""

    messages: list[str]
    records: list[str]


async def conversation(lines: list[bytes], *, lane: bool, make: RuntimeOf = runtime_of) -> Heard:
    """Say all of `lines`, one after the other, close stdin, and hear the server to its end."""
    ledger = MemoryLedger()
    (stdin, mouth), (ear, stdout) = os.pipe(), os.pipe()
    with os.fdopen(stdin, "rb", 0) as source, os.fdopen(stdout, "wb", 0) as sink, os.fdopen(ear, "rb", 0) as heard:
        streams, said = Streams(stdin=source, stdout=sink), asyncio.create_task(asyncio.to_thread(_say, mouth, lines))
        hearing = asyncio.create_task(asyncio.to_thread(heard.readall))
        async with asyncio.timeout(PATIENCE):
            await serve_stdio(make(ledger), streams=streams, instructions="Say é.", lane=lane)
            await said
            sink.close()
            answers = (await hearing).splitlines()
    messages = [json.dumps(settled(json.loads(line)), sort_keys=True) for line in answers]
    records = [json.dumps(settled(record), sort_keys=True, default=repr) for record in ledger.records]
    return Heard(messages=sorted(messages), records=sorted(records))


def _say(mouth: int, lines: list[bytes]) -> None:
    with os.fdopen(mouth, "wb", 0) as pipe:
        for line in lines:
            rest = memoryview(line + b"\n")
            while rest:
                rest = rest[pipe.write(rest) :]


def greeting(**more: Any) -> dict[str, Any]:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    return {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {**params, **more}}


INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
