"""`toolyard approvals`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from toolyard.cli.options import json_object, json_option
from toolyard_kernel.approvals.shown import shown, shown_text
from toolyard_kernel.approvals.store import Approval, Approvals
from toolyard_kernel.folders import state_folder


@click.group("approvals")
def command() -> None:
    """Answer the asks that wait for an operator (a profile's `on_ask: [queue]`)."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that were answered, too.")
@json_option
def show_all(everything: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """List the asks that wait, newest first."""
    found = [one for one in Approvals(state_folder()).all() if everything or one.state == "pending"]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    for one in found:
        click.echo(f"{one.id}  {one.state:8}  {one.caller}  {one.tool} {shown(one.arguments)}")
    if not found:
        click.echo("nothing waits for an answer", err=True)


@command.command("show")
@click.argument("id")
@json_option
def show_one(id: str, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show one ask: who wants to call what, why it is asked, and until when."""
    one = Approvals(state_folder()).get(id)
    click.echo(json.dumps(asdict(one), indent=2) if as_json else _told(one))


@command.command("approve")
@click.argument("id")
@click.option("--arguments", callback=json_object, help="Run it with these arguments instead; they are checked again.")
def approve(id: str, arguments: dict[str, Any] | None) -> None:
    """Say yes: the same call by the same caller then goes through, once."""
    one = Approvals(state_folder()).decide(id, approved=True, arguments=arguments)
    click.echo(f"approved {one.id}: {one.caller} may call {one.tool} once, until {_time(one.expires)}")


@command.command("deny")
@click.argument("id")
def deny(id: str) -> None:
    """Say no."""
    one = Approvals(state_folder()).decide(id, approved=False)
    click.echo(f"denied {one.id}: {one.caller} may not call {one.tool}")


def _told(one: Approval) -> str:
    lines = {
        "id": one.id,
        "state": one.state,
        "caller": f"{one.caller} (profile {one.profile})",
        "tool": one.tool,
        "arguments": shown(one.arguments, indent=2),
        **({"instead": shown(one.edited, indent=2)} if one.edited is not None else {}),
        **({"preview": f"\n{shown_text(one.preview)}"} if one.preview else {}),
        "why": one.reason,
        "asked": _time(one.asked),
        "expires": _time(one.expires),
    }
    return "\n".join(f"{name:9}  {value}" for name, value in lines.items())


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
