"""Drawing on a terminal with rich, the extra `toolyard[terminal]`."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.status import Status
from rich.syntax import Syntax
from rich.text import Text

from toolyard.cli.drawing import Look, Question

STYLES: dict[Look, str] = {"call": "cyan", "aside": "dim", "wrong": "red", "waiting": "yellow"}
HUNK = re.compile(r"^@@ -\d", re.MULTILINE)
"""What tells a diff from a command or a statement."""


class RichDrawing:
    """A `Drawing` in which asks are panels and what goes on is told while it does.

    All of it is `Text`: in a `str`, rich would find markup, and an agent may have written it.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._questions = 0
        self._status: Status | None = None
        self._what = ""

    def line(self, text: str, look: Look) -> None:
        self.doing(None)
        self._console.print(Text(text, STYLES[look]), soft_wrap=True)

    @contextmanager
    def asking(self, question: Question) -> Generator[None]:
        self.doing(None)
        self._console.print(_panel(question))
        self._questions += 1
        try:
            yield
        finally:
            self._questions -= 1

    def doing(self, what: str | None) -> None:
        if self._questions or (self._status and what == self._what):
            return
        if self._status:
            self._status.stop()
            self._status = None
        if what is not None:
            self._what, self._status = what, self._console.status(Text(what, "dim"))
            self._status.start()


def _panel(question: Question) -> Panel:
    """All of it, in as many lines as it takes: nobody can answer for what is cut off."""
    parts: list[RenderableType] = [Text(f"{question.tool} {question.arguments}"), Text(question.reason, "yellow")]
    if question.preview:
        parts += [Text(), _preview(question.preview)]
    title = f"{question.whose}{question.tool} " + ("asks" if question.answered else "needs an approval")
    return Panel(Group(*parts), title=Text(title, "bold"), title_align="left", border_style="yellow")


def _preview(preview: str) -> RenderableType:
    if not HUNK.search(preview):
        return Text(preview)
    return Syntax(preview, "diff", theme="ansi_dark", background_color="default", word_wrap=True)
