"""Asking the person at the terminal."""

from __future__ import annotations

import select
import sys
import termios
from functools import partial
from threading import Event

import click

from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.calls.workers import Job, Workers

LOOK = 0.1
"""Seconds between two looks at whether anybody still waits for the answer."""
COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def at_terminal() -> bool:
    """Somebody at a terminal may answer an ask; a script may not."""
    return all(stream and stream.isatty() for stream in (sys.stdin, sys.stderr))


async def ask_on_terminal(ask: Ask) -> bool:
    """Show the ask, and wait for a yes. Whatever was typed before it was shown answers nothing."""
    click.echo(f"{ask.tool} {shown(ask.arguments)}\n{ask.reason}", err=True)
    if ask.preview:
        show_preview(ask.preview)
    unheard = Event()
    try:
        approved: bool = await Workers(1).run(Job(partial(_answer, unheard)))  # a deadline or Ctrl-C need not wait
        return approved
    finally:
        unheard.set()


def show_preview(preview: str) -> None:
    """Show what a call would do, on stderr; a diff has colours on a terminal."""
    for line in shown_text(preview).splitlines():
        click.secho(line, fg=COLOURS.get(line[:1]), err=True)


def _answer(unheard: Event) -> bool:
    with open("/dev/tty", encoding="utf-8") as terminal:  # noqa: PTH123 - stdin itself is taken away from tools
        termios.tcflush(terminal, termios.TCIFLUSH)
        click.echo("Run it? [y/N] ", err=True, nl=False)
        while not unheard.is_set():
            if select.select([terminal], [], [], LOOK)[0]:
                return terminal.readline().strip().lower() in ("y", "yes")
    return False
