"""The benchmark of the wire runs and says what it measured, and the documentation shows the results that are kept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.wire.chart import chart
from benchmarks.wire.contenders import FLOOR, INLINE, TOOLYARD, Era
from benchmarks.wire.messages import FIRST, Exchange, written
from benchmarks.wire.pages import CHART, KEPT, PAGES, PART, PARTS, updated
from benchmarks.wire.plan import AIMED_AT, FEW, MANY
from benchmarks.wire.results import Results, read_results
from benchmarks.wire.targets import missed, rows

ROOT = Path(__file__).parents[2]
OURS = {FLOOR, TOOLYARD, INLINE, "mcp low-level", "mcp MCPServer"}
"""Those that need nothing but what the project needs itself."""
PEERS = {"FastMCP", "TypeScript SDK 1", "TypeScript SDK 2"}

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads CPU time and memory of processes from Linux")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "benchmarks.wire", "--quick", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "0 of them wrong or missing" in done.stdout
    found = read_results(folder / "results.json")
    assert (folder / "performance.svg").read_text() == chart(found)
    for line in missed(found):
        assert line in done.stdout
    return found


@on_linux
def test_everybody_who_is_installed_is_measured_in_every_kind_of_load_and_the_rest_is_named(results: Results) -> None:
    left_out = {name for name in OURS | PEERS if any(name.startswith(each) for each in results.left_out)}
    assert results.versions.keys() | left_out == OURS | PEERS
    assert not results.versions.keys() & left_out
    assert not results.failed
    for cell, name in product(AIMED_AT, OURS):
        figure = results.load(cell, name)
        assert figure is not None
        assert figure.answers > 0
        assert figure.failures == 0
        assert figure.cpu_us > 0
        assert figure.p50_ms <= figure.p99_ms
        assert figure.ratio == 1 or name != FLOOR


@on_linux
def test_starts_memory_and_the_gate_are_measured_too(results: Results) -> None:
    assert {each.contender for each in results.starts} == results.versions.keys()
    assert {each.contender for each in results.memory} == results.versions.keys()
    assert all(each.few_tools_mib > 0 and each.many_tools_mib > 0 for each in results.memory)
    assert all(each.session_kib is not None for each in results.memory if each.contender in OURS - {FLOOR})
    found = {(each.rules, each.ledger, each.inline) for each in results.gate}
    assert found == set(product((1, 1000), (True, False), (True, False)))


@on_linux
def test_each_target_has_a_row_with_the_figure_of_toolyard(results: Results) -> None:
    found = list(rows(results))
    assert len(found) == len(AIMED_AT) + 2
    assert all(row.figures[TOOLYARD] > 0 and row.reached > 0 for row in found)
    assert all(FLOOR in row.figures for row in found if row.relative)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_the_results_that_are_kept(page: Path) -> None:
    assert updated(page.read_text(), read_results(KEPT)) == page.read_text()
    assert "performance.svg" in page.read_text()


def test_the_page_of_performance_shows_all_that_was_measured() -> None:
    assert {name for _, name, _ in PART.findall(PAGES[0].read_text())} == PARTS.keys() - {"summary"}


def test_the_chart_shows_the_results_that_are_kept() -> None:
    drawn = CHART.read_text()
    assert drawn == chart(read_results(KEPT))
    said = [each.text for each in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - it is ours
    assert {FLOOR, TOOLYARD} <= set(said)


def test_the_results_that_are_kept_are_whole() -> None:
    kept = read_results(KEPT)
    assert kept.versions.keys() == OURS | PEERS
    assert not kept.failed
    assert kept.failures == 0
    assert {each.tools for each in kept.loads} == {FEW, MANY}
    assert {each.in_flight for each in kept.loads if each.transport == "http"} == {1, 16, 64}
    assert {each.in_flight for each in kept.loads if each.transport == "stdio"} == {1, 16, 64}
    assert {(each.era, each.method) for each in kept.loads} == set(
        product(("modern", "legacy"), ("tools/call", "tools/list"))
    )


def test_a_target_that_is_missed_is_said_to_be() -> None:
    kept = read_results(KEPT)
    slow = replace(kept, starts=tuple(replace(each, ms=10_000.0) for each in kept.starts))
    assert "start to the first list, stdio: 10000 ms, not ≤ 280 ms" in missed(slow)
    quick = replace(kept, starts=tuple(replace(each, ms=1.0) for each in kept.starts))
    assert not [line for line in missed(quick) if line.startswith("start")]


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_call_is_answered_right_only_with_its_own_id_and_text(era: Era) -> None:
    exchange = Exchange(method="tools/call", era=era, tools=FEW)
    number = FIRST + 5
    asked = json.loads(exchange.request(number))
    assert asked["id"] == number
    text: str = asked["params"]["arguments"]["text"]
    assert str(number) in text

    def answer(id: int, text: str, **more: Any) -> bytes:
        return written({"id": id, "result": {"content": [{"type": "text", "text": text}], **more}})

    assert exchange.holds(number, answer(number, text))
    assert exchange.holds(number + 1, answer(number + 1, text.replace(str(number), str(number + 1))))
    assert exchange.holds(number, b"event: message\r\ndata: " + answer(number, text) + b"\r\n\r\n")
    for wrong in (
        answer(number + 1, text),
        answer(number, text + "?"),
        answer(number, text, isError=True),
        written({"id": number, "error": {"code": -32603, "message": text}}),
        b"",
        b"{",
    ):
        assert not exchange.holds(number, wrong)


def test_a_list_is_right_only_with_all_its_tools() -> None:
    exchange = Exchange(method="tools/list", era="modern", tools=2)

    def answer(**result: Any) -> bytes:
        return written({"id": FIRST, "result": result})

    assert exchange.holds(FIRST, answer(tools=[{}, {}]))
    assert not exchange.holds(FIRST, answer(tools=[{}]))
    assert not exchange.holds(FIRST, answer(tools=[{}, {}], nextCursor="more"))


def test_no_figure_stands_in_the_readme_that_the_benchmark_did_not_write() -> None:
    readme = PART.sub("", PAGES[1].read_text())
    assert not re.search(r"\d ?(µs|ms)\b", readme)
