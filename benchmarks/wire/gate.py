"""What the gate and the ledger cost for each call, in process, on the event loop that serves HTTP: under one rule and a
thousand, recorded and not, of a tool that is awaited and of one that runs inline.

Usage: python -m benchmarks.wire.gate [--rounds N]; prints JSON
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import uvloop

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
    inline: bool
    us: float


@tool
async def awaited(text: str) -> str:
    """Give a text back as it is.

    Args:
        text: What to give back.
    """
    return text


@tool(inline=True)
def inline(text: str) -> str:
    """Give a text back as it is.

    Args:
        text: What to give back.
    """
    return text


TOOLS = {tool.inline: tool for tool in (inline, awaited)}


def ruled(rules: int) -> PermissionProfile:
    """So many rules, none of which names the tool: each has to be ruled out, and every tenth is a prefix."""
    patterns = (f"other_{number:04}{'' if number % 10 else '*'}" for number in range(1, rules + 1))
    return PermissionProfile(profile=f"{rules} rules", tools=ToolRules(deny=Names(patterns)))


async def main(rounds: int) -> list[GateFigure]:
    ways = list(product(RULES, (True, False), TOOLS))
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            gates: dict[tuple[int, bool], tuple[Gate, Caller]] = {}
            for rules, kept in product(RULES, (True, False)):
                ledger = FileLedger(Path(folder) / f"{rules}") if kept else NoLedger()
                runtime = create_mcp_runtime(tools=TOOLS.values(), profile=ruled(rules), ledger=ledger)
                await stack.enter_async_context(runtime.lifespan())
                gates[rules, kept] = (runtime.gate("mcp"), runtime.caller("benchmark"))
            times: dict[tuple[int, bool, bool], list[float]] = {way: [] for way in ways}
            for number in range(rounds + 1):
                for rules, kept, runs_inline in ways:
                    took = await timed(*gates[rules, kept], TOOLS[runs_inline].name)
                    if number:
                        times[rules, kept, runs_inline].append(took)
    return [
        GateFigure(rules=rules, ledger=kept, inline=runs_inline, us=round(statistics.median(times[way]), 2))
        for way in ways
        for rules, kept, runs_inline in (way,)
    ]


async def timed(gate: Gate, caller: Caller, tool: str) -> float:
    """Microseconds of this process's CPU for each call."""
    began = time.process_time_ns()
    for _ in range(CALLS):
        outcome = await gate.call(ToolCall(tool=tool, arguments={"text": "hello"}), caller)
        if not outcome.ok:
            sys.exit(f"the call ended as {outcome.status}: {outcome.text}")
    return (time.process_time_ns() - began) / CALLS / 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured")
    print(json.dumps([asdict(figure) for figure in uvloop.run(main(parser.parse_args().rounds))]))
