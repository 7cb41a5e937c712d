"""Drawing a tree of lines on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from toolyard.cli.plain_drawing import STYLES
from toolyard.cli.trace_branches import Branch


def draw(branch: Branch) -> None:
    """With rich on a terminal, where it is installed; else in plain lines, with colours on a terminal."""
    if sys.stdout.isatty():
        try:
            from toolyard.cli.trace_rich import draw_rich  # noqa: PLC0415 - an extra, and only a terminal waits for it
        except ImportError:
            pass
        else:
            draw_rich(branch)
            return
    for line in plain_lines(branch):
        click.echo(line)


def plain_lines(branch: Branch, first: str = "", rest: str = "") -> Iterator[str]:
    """The lines of a branch: `first` stands before its first line, `rest` before all others."""
    styles = STYLES[branch.look] if branch.look else {}
    inside = f"{rest}{'│  ' if branch.below else '   '}"
    for number, line in enumerate(branch.text.splitlines() or [""]):
        yield f"{inside if number else first}{click.style(line, **styles)}"
    for number, below in enumerate(branch.below, start=1):
        last = number == len(branch.below)
        yield from plain_lines(below, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}")
