"""`toolyard pause`."""

from __future__ import annotations

import click

from toolyard.cli.sessions import prefix_argument, tell


@click.command("pause")
@prefix_argument
def command(prefix: str) -> None:
    """Let the run of the session whose id begins with PREFIX wait before its next step, until `toolyard resume`.

    Calls that are under way are finished first. Its time does not pass meanwhile, but that of a call that delegates
    does.
    """
    tell(prefix, "pause")
