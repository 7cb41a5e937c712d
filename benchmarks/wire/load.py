"""One server under load for a moment: so many requests in flight, each answer checked."""

from __future__ import annotations

import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.wire.connections import Connection
from benchmarks.wire.messages import FIRST, Exchange
from benchmarks.wire.processes import PATIENCE, BenchmarkError, Server

FEWEST = 3
"""Answers that are waited for at least, however long they take."""


@dataclass(slots=True, kw_only=True)
class Sample:
    """What was seen: times in nanoseconds, of the client's clock and of the server's CPU."""

    took: int = 0
    cpu: int = 0
    failures: int = 0
    size: int = 0
    """Bytes of the last answer."""
    latencies: list[int] = field(default_factory=list[int])

    @property
    def calls(self) -> int:
        return len(self.latencies)


def sampled(
    server: Server, exchange: Exchange, connections: Sequence[Connection], *, in_flight: int, seconds: float
) -> Sample:
    """Keep `in_flight` requests under way on each connection, for so long; the first ones are not counted.

    Raises:
        BenchmarkError: the server hung up, or did not answer in time.
    """
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.fileno(), selectors.EVENT_READ, connection)
        load = _Load(exchange, selector)
        load.run(connections, in_flight, seconds=0)
        load.sample = Sample()
        cpu, began = server.cpu(), time.perf_counter_ns()
        load.run(connections, in_flight, seconds=seconds)
        load.sample.took, load.sample.cpu = time.perf_counter_ns() - began, server.cpu() - cpu
        return load.sample


class _Load:
    def __init__(self, exchange: Exchange, selector: selectors.BaseSelector) -> None:
        self.sample = Sample()
        self._exchange = exchange
        self._selector = selector
        self._number = FIRST
        self._sent: dict[int, int] = {}

    def run(self, connections: Sequence[Connection], in_flight: int, *, seconds: float) -> None:
        end = time.perf_counter_ns() + int(seconds * 1e9)
        for connection in connections:
            for _ in range(in_flight):
                self._send(connection)
        while self._sent:
            for connection in self._ready():
                for number, answer in connection.received():
                    now = self._took(number, answer)
                    if now < end or self.sample.calls + len(self._sent) < FEWEST:
                        self._send(connection)

    def _ready(self) -> list[Connection]:
        events = self._selector.select(PATIENCE)
        if not events:
            raise BenchmarkError(f"{self._exchange.method} was not answered within {PATIENCE:g} s")
        return [key.data for key, _ in events]

    def _send(self, connection: Connection) -> None:
        self._number += 1
        self._sent[self._number] = time.perf_counter_ns()
        connection.send(self._exchange, self._number)

    def _took(self, number: int, answer: bytes) -> int:
        now = time.perf_counter_ns()
        if number not in self._sent:
            raise BenchmarkError(f"{self._exchange.method}: an answer came to {number}, which was not asked")
        self.sample.latencies.append(now - self._sent.pop(number))
        self.sample.size = len(answer)
        self.sample.failures += not self._exchange.holds(number, answer)
        return now
