"""Which drawing stderr gets."""

from __future__ import annotations

import sys

from toolyard.cli.drawing import Drawing
from toolyard.cli.plain_drawing import PlainDrawing


def chosen_drawing() -> Drawing:
    """Rich on a terminal, where it is installed; else plain."""
    if not (sys.stderr and sys.stderr.isatty()):
        return PlainDrawing()
    try:
        from toolyard.cli.rich_drawing import RichDrawing  # noqa: PLC0415 - an extra, and only a terminal waits for it
    except ImportError:
        return PlainDrawing()
    return RichDrawing()
