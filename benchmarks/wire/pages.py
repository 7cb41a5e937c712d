"""What pages of the documentation say about the committed results: written by the benchmark, and held by a test.

A page marks each part with `<!-- measured: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path

from benchmarks.wire.processes import ROOT
from benchmarks.wire.report import cell_of, described
from benchmarks.wire.results import LoadFigure, Results
from benchmarks.wire.targets import missed, rows

KEPT = ROOT / "benchmarks/wire/results.json"
CHART = ROOT / "docs/performance.svg"
PAGES = (ROOT / "docs/performance.md", ROOT / "README.md")
PART = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def updated(page: str, results: Results) -> str:
    """The page, with each measured part as these results have it.

    Raises:
        KeyError: the page marks a part that nobody writes.
    """
    return PART.sub(lambda found: found[1] + PARTS[found[2]](results) + found[3], page)


def _table(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _targets(results: Results) -> str:
    names = list(results.versions)
    return _table(
        ["work", *names, "Toolyard ÷ floor", "inline", "target", ""],
        (
            [
                row.work,
                *(f"{row.figures[name]:,.0f} {row.unit}" if name in row.figures else "-" for name in names),
                f"{row.reached:.2f}" if row.relative else "-",
                f"{row.inline:.2f}" if row.relative and row.inline is not None else "-",
                row.wanted,
                row.verdict if row.holds else f"**{row.verdict}**",
            ]
            for row in rows(results)
        ),
    )


def _summary(results: Results) -> str:
    relative = [row for row in rows(results) if row.relative]
    names = list(results.versions)
    return _table(
        ["CPU of the server for each answer", *names],
        (
            [row.work, *(f"{row.figures[name]:,.0f} {row.unit}" if name in row.figures else "-" for name in names)]
            for row in relative
        ),
    )


def _each_load(results: Results, say: Callable[[LoadFigure], str]) -> str:
    """A row for each kind of load, and what is to be said of each server in it."""
    names = list(results.versions)
    cells = dict.fromkeys(cell_of(each) for each in results.loads)
    return _table(
        ["load", *names],
        (
            [described(cell), *(say(each) if (each := results.load(cell, name)) else "-" for name in names)]
            for cell in cells
        ),
    )


def _cpu(results: Results) -> str:
    return _each_load(results, lambda each: f"{each.cpu_us:,.0f}")


def _latency(results: Results) -> str:
    return _each_load(results, lambda each: f"{each.p50_ms:.2f} / {each.p99_ms:.1f}")


def _rate(results: Results) -> str:
    return _each_load(results, lambda each: f"{each.per_second:,.0f}")


def _starts(results: Results) -> str:
    return _table(
        ["start to the first `tools/list`", "median ms", "least ms", "CPU ms"],
        ([each.contender, f"{each.ms:.0f}", f"{each.least_ms:.0f}", f"{each.cpu_ms:.0f}"] for each in results.starts),
    )


def _memory(results: Results) -> str:
    return _table(
        ["memory", "10 tools, MiB", "1,000 tools, MiB", "an idle session, KiB"],
        (
            [
                each.contender,
                f"{each.few_tools_mib:.0f}",
                f"{each.many_tools_mib:.0f}",
                "-" if each.session_kib is None else f"{each.session_kib:.1f}",
            ]
            for each in results.memory
        ),
    )


def _gate(results: Results) -> str:
    ways = list(product((True, False), (False, True)))  # with the ledger and without, awaited and inline
    found = {(each.rules, each.ledger, each.inline): each.us for each in results.gate}
    return _table(
        ["gate of Toolyard, CPU µs", "with the ledger", "inline tool", "without the ledger", "inline tool"],
        (
            [f"rules: {rules:,}", *(f"{found[rules, *way]:.1f}" for way in ways)]
            for rules in dict.fromkeys(each.rules for each in results.gate)
        ),
    )


def _about(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    answers = sum(each.answers for each in results.loads)
    return (
        f"Measured on {about['date']} with Python {about['python']} on {about['cpus']} CPUs of {about['processor']}, "
        f"{about['rounds']} rounds, {answers:,} answers, {results.failures} wrong or missing. Load of the machine "
        f"before and after: {about['load_before']:.1f} and {about['load_after']:.1f}. {versions}.\n"
    )


def _missed(results: Results) -> str:
    late = missed(results)
    return "".join(f"- {line}\n" for line in late) or "No target is missed.\n"


PARTS: Mapping[str, Callable[[Results], str]] = {
    "about": _about,
    "cpu": _cpu,
    "gate": _gate,
    "latency": _latency,
    "memory": _memory,
    "missed": _missed,
    "rate": _rate,
    "starts": _starts,
    "summary": _summary,
    "targets": _targets,
}


def publish(results: Results, chart: str, pages: Iterable[Path] = PAGES) -> None:
    """Keep the results, and have the chart and every page say what they say."""
    results.write(KEPT)
    CHART.write_text(chart)
    for page in pages:
        page.write_text(updated(page.read_text(), results))
