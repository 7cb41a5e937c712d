"""What is measured: how requests are sent, how long, how often."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.wire.contenders import ERAS, Era, Transport
from benchmarks.wire.messages import Method

FEW, MANY = 10, 1000
"""Tools of a server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of load that every contender is under in turn."""

    transport: Transport
    era: Era
    method: Method
    tools: int
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured; `seconds` are for one contender in one cell of one round."""

    cells: tuple[Cell, ...]
    rounds: int
    seconds: float
    starts: int
    sessions: int
    gate_rounds: int


def _cell(transport: Transport, era: Era, method: Method, tools: int, in_flight: int) -> Cell:
    return Cell(transport=transport, era=era, method=method, tools=tools, in_flight=in_flight)


HTTP_CALL = _cell("http", "modern", "tools/call", FEW, 16)
HTTP_CALL_IN_A_SESSION = _cell("http", "legacy", "tools/call", FEW, 16)
STDIO_CALL = _cell("stdio", "modern", "tools/call", FEW, 1)
STDIO_CALL_AFTER_A_HANDSHAKE = _cell("stdio", "legacy", "tools/call", FEW, 1)
HTTP_LIST = _cell("http", "modern", "tools/list", MANY, 1)
AIMED_AT = (HTTP_CALL, HTTP_CALL_IN_A_SESSION, STDIO_CALL, STDIO_CALL_AFTER_A_HANDSHAKE, HTTP_LIST)
"""What there are targets for."""


def _every_cell() -> tuple[Cell, ...]:
    transports: tuple[Transport, ...] = ("http", "stdio")
    shapes: tuple[tuple[Method, int, int], ...] = (
        *(("tools/call", FEW, in_flight) for in_flight in (1, 16, 64)),
        ("tools/call", MANY, 16),
        ("tools/list", FEW, 1),
        ("tools/list", MANY, 1),
    )
    return tuple(_cell(transport, era, *shape) for transport in transports for era in ERAS for shape in shapes)


FULL = Plan(cells=_every_cell(), rounds=5, seconds=0.2, starts=9, sessions=1000, gate_rounds=9)
TARGETS = Plan(cells=AIMED_AT, rounds=5, seconds=0.2, starts=5, sessions=100, gate_rounds=9)
QUICK = Plan(cells=AIMED_AT, rounds=1, seconds=0.02, starts=1, sessions=20, gate_rounds=2)
