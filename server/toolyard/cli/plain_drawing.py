"""Drawing in lines, with colours on a terminal: all that a pipe can take, and a terminal without rich."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import click

from toolyard.cli.drawing import Look, Question, one_line

STYLES: dict[Look, dict[str, Any]] = {
    "call": {"fg": "cyan"},
    "aside": {"dim": True},
    "wrong": {"fg": "red"},
    "waiting": {"fg": "yellow"},
}
COLOURS = {"+": "green", "-": "red", "@": "cyan"}
"""Of a line of a preview, by its first character."""


class PlainDrawing:
    """A `Drawing` in which nothing moves."""

    def line(self, text: str, look: Look) -> None:
        click.secho(text, err=True, **STYLES[look])

    @contextmanager
    def asking(self, question: Question) -> Generator[None]:
        if question.answered:
            click.echo(f"{question.tool} {question.arguments}\n{question.reason}", err=True)
        else:
            self.line(one_line(f"{question.whose}?? {question.tool} {question.arguments}"), "waiting")
            self.line(question.reason, "waiting")
        for line in question.preview.splitlines():
            click.secho(line, fg=COLOURS.get(line[:1]), err=True)
        yield

    def doing(self, what: str | None) -> None:
        """Lines cannot be taken away again, so there is none."""
