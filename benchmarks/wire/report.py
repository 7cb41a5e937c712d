"""What a run found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.wire.contenders import TOOLYARD
from benchmarks.wire.plan import Cell
from benchmarks.wire.results import LoadFigure, Results
from benchmarks.wire.targets import missed, rows

WIDTH = 18


def report(results: Results) -> str:
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    yield "CPU of the server for each answer; time for a start"
    yield from _target_lines(results)
    yield ""
    yield from _load_lines(results)
    yield ""
    yield f"{'start to the first list, stdio':34}{'median':>12}{'least':>12}{'CPU':>12}"
    for start in results.starts:
        yield f"{start.contender:34}{start.ms:>9.0f} ms{start.least_ms:>9.0f} ms{start.cpu_ms:>9.0f} ms"
    yield ""
    yield f"{'memory':34}{'10 tools':>12}{'1,000 tools':>14}{'idle session':>14}"
    for held in results.memory:
        session = "-" if held.session_kib is None else f"{held.session_kib:.1f} KiB"
        yield f"{held.contender:34}{held.few_tools_mib:>8.1f} MiB{held.many_tools_mib:>10.1f} MiB{session:>14}"
    yield ""
    for way in results.gate:
        kept = "with ledger" if way.ledger else "without ledger"
        runs = "inline" if way.inline else "awaited"
        yield f"{f'gate {kept}, {runs} tool, rules: {way.rules:,}':48}{way.us:>9.1f} µs"
    yield ""
    yield from _remarks(results)


def _target_lines(results: Results) -> Iterator[str]:
    names = list(results.versions)
    yield f"{'':32}" + "".join(f"{name:>{WIDTH}}" for name in names) + f"{'target':>{WIDTH}}"
    for row in rows(results):
        cells = "".join(
            f"{f'{row.figures[name]:.0f} {row.unit}':>{WIDTH}}" if name in row.figures else f"{'-':>{WIDTH}}"
            for name in names
        )
        yield f"{row.work:32}{cells}{row.wanted:>{WIDTH}}  {row.verdict}: {row.got}"


def _load_lines(results: Results) -> Iterator[str]:
    yield (
        f"{'load':50}{'contender':>{WIDTH}}{'CPU µs':>10}{'× floor':>9}"
        f"{'p50 ms':>10}{'p99 ms':>10}{'per s':>10}{'failed':>8}"
    )
    before = None
    for each in results.loads:
        cell = cell_of(each)
        yield (
            f"{'' if cell == before else described(cell):50}{each.contender:>{WIDTH}}{each.cpu_us:>10.0f}"
            f"{each.ratio:>9.2f}{each.p50_ms:>10.2f}{each.p99_ms:>10.2f}{each.per_second:>10.0f}{each.failures:>8}"
        )
        before = cell


def cell_of(figure: LoadFigure) -> Cell:
    return Cell(
        transport=figure.transport,
        era=figure.era,
        method=figure.method,
        tools=figure.tools,
        in_flight=figure.in_flight,
    )


def described(cell: Cell) -> str:
    era = "2026-07-28" if cell.era == "modern" else "2025-11-25"
    return f"{cell.transport} {era} {cell.method}, {cell.tools:,} tools, {cell.in_flight} in flight"


def _remarks(results: Results) -> Iterator[str]:
    for name, reason in {**results.left_out, **results.failed}.items():
        yield f"{name} is left out: {reason}"
    answers = sum(each.answers for each in results.loads)
    yield f"{answers:,} answers, {results.failures:,} of them wrong or missing"
    late = missed(results)
    yield f"{TOOLYARD} misses {len(late)} of {len(list(rows(results)))} targets" + (":" if late else "")
    yield from (f"  {line}" for line in late)
