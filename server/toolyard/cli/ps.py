"""`toolyard ps`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import click

from toolyard.cli.drawing import one_line
from toolyard.cli.options import json_option
from toolyard_agents.control.listing import GOING_ON, Listed, listed
from toolyard_agents.control.naming import short_ids
from toolyard_agents.store.folders import sessions_folder

RECENT = 86_400
"""Seconds for which a run that died is listed among those that go on."""
WIDEST_PROMPT = 48
HEAD = ("ID", "STATUS", "PID", "AGE", "AGENT", "MODEL", "TURNS", "TOKENS", "COST", "PROMPT")
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


@click.command("ps")
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@json_option
def command(everything: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """List the sessions that run, are paused, or wait for an answer, and those whose process died within the last day.

    These are the sessions of `toolyard run`, and of programs that keep theirs in the same store.
    """
    folder = sessions_folder()
    found = listed(folder)
    shown = [one for one in found if everything or _goes_on(one)]
    if as_json:
        click.echo(json.dumps([_record(one) for one in shown], indent=2))
        return
    short = short_ids([one.id for one in found])
    for line in _table([_row(one, short[one.id]) for one in shown]):
        click.echo(line)
    if not shown:
        hint = "; `toolyard ps --all` lists those that have ended" if found else ""
        none = "there are no sessions" if everything else "no session runs"
        click.echo(f"{none} in {folder}{hint}", err=True)


def _goes_on(one: Listed) -> bool:
    return one.status in GOING_ON or (one.status == "dead" and time.time() - one.changed_at < RECENT)


def _record(one: Listed) -> dict[str, Any]:
    return {**asdict(one), "usage": one.usage.to_dict() if one.usage else None, "cost": one.usage and one.usage.cost}


def _row(one: Listed, short: str) -> tuple[str, ...]:
    cost = one.usage.cost if one.usage else None
    return (
        short,
        one.status,
        str(one.pid or ""),
        _age(time.time() - one.created_at),
        one_line(one.agent),
        one_line(one.model),
        "" if one.turns is None else str(one.turns),
        "" if one.usage is None else str(one.usage.total_tokens),
        "" if cost is None else f"${cost:.4f}",
        _first_words(one.prompt),
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """The rows below their heads, in columns; nothing for no rows."""
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (HEAD, *rows)]
    return [line.rstrip() for line in lines] if rows else []


def _age(seconds: float) -> str:
    return next((f"{seconds // size:.0f}{unit}" for size, unit in UNITS if seconds >= size), f"{max(seconds, 0):.0f}s")


def _first_words(prompt: str) -> str:
    words = one_line(prompt)
    return words if len(words) <= WIDEST_PROMPT else f"{words[:WIDEST_PROMPT].rstrip()}…"
