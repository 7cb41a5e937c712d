"""Asking the person at the terminal."""

from __future__ import annotations

import select
import sys
import termios
from functools import partial
from threading import Event

import click

from toolyard.cli.drawing import Drawing, question_of
from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.calls.workers import Job, Workers

LOOK = 0.1
"""Seconds between two looks at whether anybody still waits for the answer."""


def at_terminal() -> bool:
    """Somebody at a terminal may answer an ask; a script may not."""
    return all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def ask_on_terminal(drawing: Drawing, ask: Ask) -> bool:
    """Show the ask, and wait for a yes. Whatever was typed before it was shown answers nothing."""
    question = question_of(
        tool=ask.tool, arguments=ask.arguments, reason=ask.reason, preview=ask.preview, answered=True
    )
    unheard = Event()
    with drawing.asking(question):
        try:
            approved: bool = await Workers(1).run(Job(partial(_answer, unheard)))  # a deadline or Ctrl-C need not wait
            return approved
        finally:
            unheard.set()


def _answer(unheard: Event) -> bool:
    with open("/dev/tty", encoding="utf-8") as terminal:  # noqa: PTH123 - stdin itself is taken away from tools
        termios.tcflush(terminal, termios.TCIFLUSH)
        click.echo("Run it? [y/N] ", err=True, nl=False)
        while not unheard.is_set():
            if select.select([terminal], [], [], LOOK)[0]:
                return terminal.readline().strip().lower() in ("y", "yes")
    return False
