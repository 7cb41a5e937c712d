"""What the gate and the ledger cost for each call, in process: under one rule and a thousand, recorded and not.

Usage: python -m benchmarks.wire.gate [--rounds N]; prints JSON
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from toolyard import ToolCall, tool
from toolyard.mcp import create_mcp_runtime
from toolyard.testing import NoLedger
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.profiles.names import Names
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.profiles.rules import ToolRules

RULES = (1, 1000)
CALLS = 500
"""Calls that are timed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFigure:
    """The median CPU time of a call, in microseconds."""

    rules: int
    ledger: bool
    us: float


@tool
async def echo(text: str) -> str:
    """Give a text back as it is.

    Args:
        text: What to give back.
    """
    return text


def ruled(rules: int) -> PermissionProfile:
    """So many rules, none of which names the tool: each has to be ruled out, and every tenth is a prefix."""
    patterns = (f"other_{number:04}{'' if number % 10 else '*'}" for number in range(1, rules + 1))
    return PermissionProfile(profile=f"{rules} rules", tools=ToolRules(deny=Names(patterns)))


async def main(rounds: int) -> list[GateFigure]:
    ways = [(rules, ledger) for rules in RULES for ledger in (True, False)]
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            gates: dict[tuple[int, bool], tuple[Gate, Caller]] = {}
            for rules, kept in ways:
                ledger = FileLedger(Path(folder) / f"{rules}") if kept else NoLedger()
                runtime = create_mcp_runtime(tools=[echo], profile=ruled(rules), ledger=ledger)
                await stack.enter_async_context(runtime.lifespan())
                gates[rules, kept] = (runtime.gate("mcp"), runtime.caller("benchmark"))
            times: dict[tuple[int, bool], list[float]] = {way: [] for way in ways}
            for number in range(rounds + 1):
                for way in ways:
                    took = await timed(*gates[way])
                    if number:
                        times[way].append(took)
    return [
        GateFigure(rules=rules, ledger=ledger, us=round(statistics.median(times[rules, ledger]), 2))
        for rules, ledger in ways
    ]


async def timed(gate: Gate, caller: Caller) -> float:
    """Microseconds of this process's CPU for each call."""
    began = time.process_time_ns()
    for _ in range(CALLS):
        outcome = await gate.call(ToolCall(tool="echo", arguments={"text": "hello"}), caller)
        if not outcome.ok:
            sys.exit(f"the call ended as {outcome.status}: {outcome.text}")
    return (time.process_time_ns() - began) / CALLS / 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured")
    print(json.dumps([asdict(figure) for figure in asyncio.run(main(parser.parse_args().rounds))]))
