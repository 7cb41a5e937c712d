"""`toolyard say`."""

from __future__ import annotations

import click

from toolyard.cli.options import stdin_text
from toolyard.cli.sessions import prefix_argument, tell


@click.command("say")
@prefix_argument
@click.argument("text")
def command(prefix: str, text: str) -> None:
    """Say TEXT to the model of a run that goes on, in the session whose id begins with PREFIX (- reads it from stdin).

    It is a user's message in the model's next request. A run that was about to end goes on with it.
    """
    words = stdin_text() if text == "-" else text
    if not words.strip():
        raise click.BadParameter("there is nothing to say", param_hint="TEXT")
    tell(prefix, "say", words)
