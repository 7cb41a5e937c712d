"""`toolyard`: each command's code is loaded when it is called."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from typing import Any

import click

from toolyard.cli.left_behind import LeftBehind
from toolyard.cli.loading import kept
from toolyard.version import VERSION

COMMANDS = {
    "serve": "Serve the tools of a config over MCP.",
    "tools": "List the tools a config offers.",
    "call": "Call one tool, through the gate.",
    "run": "Run a prompt with an agent.",
    "ps": "List the sessions that run.",
    "watch": "Show what a session does, as it happens.",
    "pause": "Let a run wait before its next step.",
    "resume": "Let a paused run go on.",
    "cancel": "End a run.",
    "say": "Say something to the model of a run.",
    "explain": "Say what would be decided for a call, and why.",
    "config": "Check a config, or print its schema.",
    "profiles": "Show the permission profiles.",
    "approvals": "Answer the asks that wait for an operator.",
    "ledger": "Look into the record of calls.",
    "trace": "Look into what agents did, and play it again.",
}


class _Commands(click.Group):
    """A group whose commands are modules of this package with a `command`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click would say `Aborted!`, and exit with what means that a tool failed
            sys.exit(128 + signal.SIGINT)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with kept():
            command: click.Command = importlib.import_module(f"toolyard.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands)
@click.version_option(VERSION, prog_name="toolyard")
def toolyard() -> None:
    """Serve tools to AI agents over MCP, under a permission profile.

    Exit codes: 0 done, 1 the tool failed, 2 the command, the config or the server's start is wrong, 3 the call was
    refused, 4 it ran out of time, 130 or 143 it was stopped.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def main() -> None:
    """Run the command line; a mistake of the user is one line on stderr and exit code 2."""
    left_behind = LeftBehind()
    try:
        _main(left_behind)
    except SystemExit as ending:
        left_behind.leave(ending)
        raise


def _main(left_behind: LeftBehind) -> None:
    try:
        toolyard.main(standalone_mode=True, obj=left_behind)
    except Exception as error:
        # Here, not at the top: the error's home loads nothing that an answered `--help` needs.
        from toolyard_kernel.errors import ToolyardError  # noqa: PLC0415

        if not isinstance(error, ToolyardError):
            raise
        click.echo(f"toolyard: {error}", err=True)
        sys.exit(2)
