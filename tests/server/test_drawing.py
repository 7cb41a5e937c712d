"""What rich draws, where a whole run cannot be made to show it each time."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from toolyard.cli.drawing import question_of
from toolyard.cli.rich_drawing import RichDrawing

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


@pytest.fixture
def screen() -> StringIO:
    return StringIO()


@pytest.fixture
def drawing(screen: StringIO) -> RichDrawing:
    return RichDrawing(Console(file=screen, force_terminal=True, width=80))


def test_nothing_moves_while_somebody_is_asked(drawing: RichDrawing, screen: StringIO) -> None:
    ask = question_of(tool="launch", arguments={}, reason="launch asks", preview="make launch", answered=True)
    drawing.doing("thinking")
    with drawing.asking(ask):
        before = screen.getvalue()
        assert "make launch" in before
        assert before.rindex(SHOW_CURSOR) > before.rindex(HIDE_CURSOR)
        drawing.doing("another call")
        drawing.line("<- another call: ok", "aside")
        assert HIDE_CURSOR not in screen.getvalue().removeprefix(before)
    drawing.doing("answered")
    drawing.doing(None)
    after = screen.getvalue().removeprefix(before)
    assert "answered" in after
    assert after.rindex(SHOW_CURSOR) > after.rindex(HIDE_CURSOR)


@pytest.mark.parametrize("before", ["", "@@ -0,0 +1,1 @@\n+"], ids=["text", "a diff"])
def test_nothing_that_is_asked_for_is_cut_off(drawing: RichDrawing, screen: StringIO, before: str) -> None:
    long = "é" * 1000
    ask = question_of(tool="t", arguments={"a": long}, reason=long, preview=before + long, answered=True)
    with drawing.asking(ask):
        assert screen.getvalue().count("é") == 3000
