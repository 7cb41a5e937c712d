"""`toolyard resume`."""

from __future__ import annotations

import click

from toolyard.cli.sessions import prefix_argument, tell


@click.command("resume")
@prefix_argument
def command(prefix: str) -> None:
    """Let the paused run of the session whose id begins with PREFIX go on."""
    tell(prefix, "resume")
