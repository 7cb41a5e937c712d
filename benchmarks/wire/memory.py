"""What the servers of an arena hold, once they have been under load, and what idle sessions add."""

from __future__ import annotations

from benchmarks.wire.arena import Arena, Running
from benchmarks.wire.connections import opened_session
from benchmarks.wire.contenders import Contender
from benchmarks.wire.plan import FEW, MANY, Cell
from benchmarks.wire.results import MemoryFigure

MIB = 1 << 20


def measured_memory(contenders: tuple[Contender, ...], sessions: int, arena: Arena) -> tuple[MemoryFigure, ...]:
    return tuple(_held(each, sessions, arena) for each in contenders if each.name not in arena.failed)


def _held(contender: Contender, sessions: int, arena: Arena) -> MemoryFigure:
    few, many = (_http(contender, tools, arena) for tools in (FEW, MANY))
    before = few.server.memory()
    return MemoryFigure(
        contender=contender.name,
        few_tools_mib=round(before / MIB, 1),
        many_tools_mib=round(many.server.memory() / MIB, 1),
        session_kib=round(_session(few, sessions) / 1024, 1) if contender.keeps_sessions else None,
    )


def _session(running: Running, sessions: int) -> float:
    """Bytes that each of so many sessions adds, which nobody uses once they are open."""
    before = running.server.memory()
    for _ in range(sessions):
        opened_session(running.port)
    return (running.server.memory() - before) / sessions


def _http(contender: Contender, tools: int, arena: Arena) -> Running:
    cell = Cell(transport="http", era=contender.eras[0], method="tools/list", tools=tools, in_flight=1)
    return arena.running(contender, cell)
