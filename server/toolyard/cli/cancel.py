"""`toolyard cancel`."""

from __future__ import annotations

import click

from toolyard.cli.sessions import prefix_argument, tell


@click.command("cancel")
@prefix_argument
@click.option("--reason", default="", help="Why, for whoever reads how the run ended.")
def command(prefix: str, reason: str) -> None:
    """End the run of the session whose id begins with PREFIX; `toolyard run --session PREFIX` can go on with it."""
    tell(prefix, "cancel", reason)
