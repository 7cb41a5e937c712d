"""`toolyard ledger`."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import click

from toolyard.cli.options import json_option
from toolyard.folders import state_folder
from toolyard_kernel.ledger.files import read_records


@click.group("ledger")
def command() -> None:
    """Look into the record of calls, in the state folder."""


@command.command("show")
@click.option("-n", "--last", type=click.IntRange(1), help="Only the last N records.")
@json_option
def show(last: int | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Print the records, oldest first: one before each call, one after it, one for each refusal."""
    records = deque(read_records(state_folder()), maxlen=last)
    for record in records:
        click.echo(json.dumps(record) if as_json else _line(record))
    if not records and not as_json:
        click.echo(f"no records in {state_folder() / 'ledger'}", err=True)


def _line(record: dict[str, Any]) -> str:
    what = record.get("status") or "started"
    took = f" in {record['duration_ms']} ms" if record.get("event") == "end" else ""
    why = f": {record['error']}" if record.get("error") else ""
    who = f"{record.get('caller')} ({record.get('profile')})"
    return f"{record.get('time')}  {record.get('call_id')}  {who}  {record.get('tool')}  {what}{took}{why}"
