"""What has to be reached, row by row, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.wire import plan
from benchmarks.wire.contenders import FLOOR, INLINE, TOOLYARD
from benchmarks.wire.gate import RULES
from benchmarks.wire.plan import Cell
from benchmarks.wire.results import Results

START_MS = 280.0
GATE_US = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """So many times the floor's CPU for each answer, at most."""

    work: str
    cell: Cell
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured for one target: a figure of each contender, in `unit`, and how Toolyard's compares.

    `reached` is with a tool that is awaited, `inline` with one that runs inline. A target holds that one of them meets:
    what is aimed at is what Toolyard itself costs, and a task for the tool is asyncio's.
    """

    work: str
    unit: str
    figures: dict[str, float]
    reached: float
    inline: float | None
    limit: float
    relative: bool

    @property
    def holds(self) -> bool:
        return min(self.reached, self.inline or self.reached) <= self.limit

    @property
    def verdict(self) -> str:
        if not self.holds:
            return "missed"
        return "met" if self.reached <= self.limit else "met by an inline tool"

    @property
    def wanted(self) -> str:
        return f"≤ {self.limit:g} × floor" if self.relative else f"≤ {self.limit:g} {self.unit}"

    @property
    def got(self) -> str:
        return self._said(self.reached) + ("" if self.inline is None else f" (inline {self._said(self.inline)})")

    def _said(self, figure: float) -> str:
        return f"{figure:.2f} × floor" if self.relative else f"{figure:.0f} {self.unit}"


TARGETS = (
    Target(work="HTTP call, 2026-07-28", cell=plan.HTTP_CALL, times=2.5),
    Target(work="HTTP call, in a session", cell=plan.HTTP_CALL_IN_A_SESSION, times=3.5),
    Target(work="stdio call, 2026-07-28", cell=plan.STDIO_CALL, times=2),
    Target(work="stdio call, after a handshake", cell=plan.STDIO_CALL_AFTER_A_HANDSHAKE, times=2),
    Target(work="HTTP list of 1,000 tools", cell=plan.HTTP_LIST, times=1),
)


def rows(results: Results) -> Iterator[Row]:
    """Every target that this run measured, for all who did that work."""
    contenders = list(results.versions)
    for target in TARGETS:
        found = {name: each for name in contenders if (each := results.load(target.cell, name))}
        if FLOOR in found and TOOLYARD in found:
            yield Row(
                work=target.work,
                unit="µs",
                figures={name: each.cpu_us for name, each in found.items()},
                reached=found[TOOLYARD].ratio,
                inline=found[INLINE].ratio if target.cell.method == "tools/call" and INLINE in found else None,
                limit=target.times,
                relative=True,
            )
    starts = {name: start.ms for name in contenders if (start := results.start(name))}
    if TOOLYARD in starts:
        yield _absolute("start to the first list, stdio", "ms", starts, START_MS)
    most = {each.inline: each.us for each in results.gate if each.rules == RULES[-1] and each.ledger}
    if most:
        figures = {TOOLYARD: most[False], INLINE: most[True]}
        yield _absolute(f"gate and ledger, {RULES[-1]:,} rules", "µs", figures, GATE_US, inline=most[True])


def _absolute(work: str, unit: str, figures: dict[str, float], limit: float, *, inline: float | None = None) -> Row:
    return Row(
        work=work,
        unit=unit,
        figures=figures,
        reached=figures[TOOLYARD],
        inline=inline,
        limit=limit,
        relative=False,
    )


def missed(results: Results) -> list[str]:
    return [f"{row.work}: {row.got}, not {row.wanted}" for row in rows(results) if not row.holds]
