"""What is soaked: Toolyard over HTTP and over stdio, with tools that wait and that look at the process they are in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.wire.arena import Arena, Place, Running, opened
from benchmarks.wire.contenders import TOOLYARD, Contender, Era, Transport, toolyard_command, write_config
from benchmarks.wire.plan import FEW
from benchmarks.wire.processes import cores

TOOLS = '''
import asyncio

from toolyard import tool


@tool
async def wait() -> None:
    """Wait until the caller is gone."""
    await asyncio.Event().wait()


@tool
async def count_tasks() -> str:
    """How many tasks this process's loop has."""
    return str(len(asyncio.all_tasks()))
'''
TOOLS_OF_A_YARD = FEW + 2
LEDGER_FILE = 1 << 20
"""Bytes of a file of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """The two servers, and their ledger."""

    http: Running
    stdio: Running
    ledger: Path

    @property
    def servers(self) -> dict[str, Running]:
        return {"http": self.http, "stdio": self.stdio}

    def trim_ledger(self) -> None:
        """Remove what was rotated away, so that a soak holds no more of the disk after an hour than after a minute."""
        chains: dict[str, list[Path]] = {}
        for path in sorted(self.ledger.glob("*.*.jsonl")):
            chains.setdefault(path.name.partition(".")[0], []).append(path)
        for files in chains.values():
            for path in files[:-1]:
                path.unlink()


@contextmanager
def opened_yard(folder: Path) -> Generator[Yard]:
    ledger = folder / "ledger"
    more = f"ledger: {{folder: {ledger}, rotate_bytes: {LEDGER_FILE}}}\n"
    config = write_config(folder, FEW, more=more, modules=("soak_tools",))
    (folder / "soak_tools.py").write_text(TOOLS)
    contender = Contender(
        name=TOOLYARD,
        version="",
        command=lambda transport, tools: toolyard_command(config, transport),
        env={"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")},
    )
    with ExitStack() as stack:
        arena = Arena(folder=folder, cores=cores(), stack=stack)

        def server(transport: Transport) -> Running:
            era: Era | None = "legacy" if transport == "stdio" else None
            place: Place = (TOOLYARD, transport, TOOLS_OF_A_YARD, era)
            return stack.enter_context(opened(contender, place, folder, arena.cores))

        yield Yard(http=server("http"), stdio=server("stdio"), ledger=ledger)
