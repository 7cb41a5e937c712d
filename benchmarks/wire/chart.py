"""The chart of CPU for each call, as SVG that reads well on light and on dark ground."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from benchmarks.wire.contenders import FLOOR, INLINE, TOOLYARD
from benchmarks.wire.results import Results
from benchmarks.wire.targets import Row, rows

WIDTH, LABEL, BAR, GAP, TITLE = 760, 130, 16, 6, 34
LONGEST = WIDTH - LABEL - 90
KINDS = {FLOOR: "floor", TOOLYARD: "toolyard", INLINE: "toolyard"}
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .peer { fill: #a8b3bf } .floor { fill: #d5dbe1 } .toolyard { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .peer { fill: #57606a } .floor { fill: #3a424b } .toolyard { fill: #4493f8 }
  }
"""


def chart(results: Results) -> str:
    """A panel for each target that is a multiple of the floor; bars of a panel share its scale."""
    panels = [row for row in rows(results) if row.relative]
    lines: list[str] = []
    top = 0
    for row in panels:
        lines += _panel(row, top)
        top += _height(row)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">',
            "<title>CPU of the server for each answer</title>",
            f"<style>{STYLE}</style>",
            *lines,
            "</svg>\n",
        )
    )


def _height(row: Row) -> int:
    return TITLE + len(row.figures) * (BAR + GAP) + 2 * GAP


def _panel(row: Row, top: int) -> Iterator[str]:
    yield f'<text class="title" x="0" y="{top + TITLE - 12}">{escape(row.work)}: CPU for each answer</text>'
    most = max(row.figures.values())
    for number, (name, value) in enumerate(sorted(row.figures.items(), key=lambda each: each[1])):
        y = top + TITLE + number * (BAR + GAP)
        length = max(value / most * LONGEST, 1)
        kind = KINDS.get(name, "peer")
        yield f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        yield f'<text x="{LABEL + length + 6:.1f}" y="{y + 13}">{value:,.0f} {row.unit}</text>'
