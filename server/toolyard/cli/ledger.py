"""`toolyard ledger`."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from toolyard.cli.ledger_output import csv_lines, json_lines, shown_verdict, text_line, verdict_json
from toolyard.cli.ledger_times import since_option
from toolyard.cli.options import json_option
from toolyard_kernel.errors import LedgerError
from toolyard_kernel.folders import state_folder
from toolyard_kernel.ledger.findings import Verdict
from toolyard_kernel.ledger.following import Tail
from toolyard_kernel.ledger.names import FOLDER
from toolyard_kernel.ledger.reading import Wanted, read_folder
from toolyard_kernel.ledger.verification import verify

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER_TYPE = click.Path(exists=True, file_okay=False, path_type=Path)
LOOKS_EVERY = 0.5
"""Seconds between two looks for new records."""


@click.group("ledger")
def command() -> None:
    """Look into the record of calls, check it, and hand it on."""


def _filters(command: Command) -> Command:
    """The options that choose records."""
    for option in (
        click.option("--folder", type=FOLDER_TYPE, help="A ledger's folder, instead of the one in the state folder."),
        click.option("--status", help="Only records of calls that ended so, such as ok, denied or timeout."),
        click.option("--caller", help="Only records of this caller."),
        click.option("--tool", help="Only records of this tool."),
        since_option,
    ):
        command = option(command)
    return command


@command.command("show")
@click.option("-n", "--last", type=click.IntRange(1), help="Only the last N records.")
@click.option("--follow", is_flag=True, help="Go on with new records as they are written, until Ctrl-C.")
@_filters
@json_option
def show(last: int | None, follow: bool, as_json: bool, folder: Path | None, **wanted: str | None) -> None:  # noqa: FBT001 - click passes it so
    """Print the records, oldest first: one before each call, one after it, one for each refusal."""
    folder, chosen = folder or _default(), Wanted(**wanted)
    tail, write = Tail(folder), json.dumps if as_json else text_line
    found: Iterable[dict[str, Any]] = filter(chosen.matches, tail.before())
    printed = _print(deque(found, maxlen=last) if last else found, write)
    if follow:
        _print(filter(chosen.matches, _new(tail)), write)
    elif not printed and not as_json:
        click.echo(f"no records in {folder}", err=True)


@command.command("verify")
@click.argument("folder", type=FOLDER_TYPE, required=False)
@json_option
def check(folder: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Check that every record is as it was written, in FOLDER or in the state folder.

    Names each file and line that was changed, is missing, repeated, out of order or torn, and then exits with 1. What
    a killed process leaves behind is a note: a torn last line, a file that was not closed.
    """
    folder = folder or _default()
    verdict = _verified(folder)
    click.echo(verdict_json(verdict) if as_json else shown_verdict(verdict, folder))
    sys.exit(0 if verdict.ok else 1)


@command.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option(
    "-o", "--output", type=click.File("w", encoding="utf-8", lazy=False), default="-", help="A file; - is stdout."
)
@_filters
def export(form: str, output: Any, folder: Path | None, **wanted: str | None) -> None:
    """Write the records, oldest first, as JSON lines or CSV."""
    found = filter(Wanted(**wanted).matches, read_folder(folder or _default()))
    for line in csv_lines(found) if form == "csv" else json_lines(found):
        output.write(line)


def _default() -> Path:
    return state_folder() / FOLDER


def _verified(folder: Path) -> Verdict:
    try:
        return verify(folder)
    except OSError as error:
        raise LedgerError(f"the ledger in {folder} cannot be read: {error.strerror}; run this as its owner") from error


def _new(tail: Tail) -> Iterator[dict[str, Any]]:
    while True:
        yield from tail.new()
        time.sleep(LOOKS_EVERY)


def _print(records: Iterable[dict[str, Any]], write: Callable[[dict[str, Any]], str]) -> int:
    """Print records as they come, and say how many there were."""
    count = 0
    for record in records:
        click.echo(write(record))
        count += 1
    return count
