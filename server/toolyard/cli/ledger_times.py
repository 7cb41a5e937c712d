"""`--since`, as a person writes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def since(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A click callback: the time, written as the ledger writes times, so that the two compare as texts."""
    if value is None:
        return None
    try:
        when = _ago(value) or datetime.fromisoformat(value)
        whole = when if when.tzinfo else when.replace(tzinfo=UTC)
        return whole.astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is no time; write 2026-11-21, 2026-11-21T08:30 (UTC, unless it says otherwise), or 90m, 12h, 7d"
        ) from error


def _ago(value: str) -> datetime | None:
    found = re.fullmatch(r"(\d+)([mhd])", value)
    return datetime.now(UTC) - timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None


since_option = click.option(
    "--since", callback=since, help="Only records from this time on: 2026-11-21T08:30 (UTC), or 90m, 12h, 7d ago."
)
