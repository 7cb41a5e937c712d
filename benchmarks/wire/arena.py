"""All servers are up together, and are under the same load in turn, round after round."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.wire.connections import HttpConnection, StdioConnection, opened_session
from benchmarks.wire.contenders import Contender, Era, Transport
from benchmarks.wire.load import Sample, sampled
from benchmarks.wire.messages import Exchange
from benchmarks.wire.plan import Cell, Plan
from benchmarks.wire.processes import PATIENCE, BenchmarkError, Cores, Server, started

PORT = re.compile(r"^(\d+)$|http://127\.0\.0\.1:(\d+)", re.MULTILINE)
Place = tuple[str, Transport, int, Era | None]
"""A server: whose it is, its transport and tools, and the era if it serves one only, as over stdio."""


@dataclass(slots=True, kw_only=True)
class Arena:
    """The servers that run; one that cannot be measured is named in `failed` and left alone from then on."""

    folder: Path
    cores: Cores
    stack: ExitStack
    servers: dict[Place, Running] = field(default_factory=dict[Place, "Running"])
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def running(self, contender: Contender, cell: Cell) -> Running:
        era = cell.era if cell.transport == "stdio" else None
        place: Place = (contender.name, cell.transport, cell.tools, era)
        if place not in self.servers:
            self.servers[place] = self.stack.enter_context(opened(contender, place, self.folder, self.cores))
        return self.servers[place]


@dataclass(slots=True, kw_only=True)
class Running:
    """A server that answers, and the connections to it."""

    server: Server
    port: int = 0
    stdio: StdioConnection | None = None
    session: str | None = None
    exchanges: dict[Cell, Exchange] = field(default_factory=dict[Cell, Exchange])

    def sample(self, cell: Cell, seconds: float) -> Sample:
        exchange = self.exchanges.get(cell)
        if exchange is None:
            exchange = self.exchanges[cell] = Exchange(method=cell.method, era=cell.era, tools=cell.tools)
        if self.stdio:
            return sampled(self.server, exchange, [self.stdio], in_flight=cell.in_flight, seconds=seconds)
        with self._sockets(cell) as connections:
            return sampled(self.server, exchange, connections, in_flight=1, seconds=seconds)

    @contextmanager
    def _sockets(self, cell: Cell) -> Generator[list[HttpConnection]]:
        if cell.era == "legacy" and self.session is None:
            self.session = opened_session(self.port)
        connections = [HttpConnection(self.port, self.session or "") for _ in range(cell.in_flight)]
        try:
            yield connections
        finally:
            for connection in connections:
                connection.close()


@contextmanager
def opened(contender: Contender, place: Place, folder: Path, cores: Cores) -> Generator[Running]:
    """The server of that place, once it is there."""
    _, transport, tools, era = place
    log = folder / f"{contender.name}-{transport}-{tools}-{era}.log"
    piped = transport == "stdio"
    command = contender.command(transport, tools)
    with started(command, log=log, cpus=cores.server, env=contender.env, piped=piped) as server:
        if piped:
            connection = StdioConnection(server.process)
            if era == "legacy":
                connection.shake_hands()
            yield Running(server=server, stdio=connection)
        else:
            yield Running(server=server, port=port_of(server))


def port_of(server: Server) -> int:
    """The port that a server says it listens on.

    Raises:
        BenchmarkError: it ended, or did not say so in time.
    """
    end = time.monotonic() + PATIENCE
    while server.alive and time.monotonic() < end:
        if found := PORT.search(server.said()):
            return int(found[1] or found[2])
        time.sleep(0.01)
    raise BenchmarkError(f"it did not listen; it said: {server.said()[-500:]}")


Samples = dict[tuple[Cell, str], list[Sample]]


def measured(contenders: tuple[Contender, ...], plan: Plan, arena: Arena) -> Samples:
    """`plan.rounds` samples of every contender in every cell, after a round that is not counted."""
    samples: Samples = {}
    for number in range(plan.rounds + 1):
        for cell, contender in _turns(contenders, plan, number):
            if contender.name in arena.failed:
                continue
            try:
                sample = arena.running(contender, cell).sample(cell, plan.seconds)
            except (BenchmarkError, OSError) as error:
                arena.failed[contender.name] = f"{cell}: {error}"
                continue
            if number:
                samples.setdefault((cell, contender.name), []).append(sample)
        progress(f"round {number} of {plan.rounds}")
    return samples


def _turns(contenders: tuple[Contender, ...], plan: Plan, number: int) -> Iterator[tuple[Cell, Contender]]:
    """Each round begins with another contender, so that nobody always comes after the same one."""
    start = number % len(contenders)
    for cell in plan.cells:
        for contender in (*contenders[start:], *contenders[:start]):
            if cell.era in contender.eras:
                yield cell, contender


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr, flush=True)
