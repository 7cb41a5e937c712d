"""`toolyard tools`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from toolyard.cli.local import local_yard
from toolyard.cli.options import config_argument, json_option, profile_option
from toolyard.mcp.catalogue import described
from toolyard_kernel.calls.decisions import decide, possible_effects


@click.command("tools")
@config_argument
@profile_option
@json_option
def command(config: Path, profile: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """List the tools CONFIG offers under its profile, and which of them ask first."""
    with local_yard(config, profile) as yard:
        profile_in_force = yard.caller.profile
        every = [(entry.tool, decide(entry.tool, profile_in_force)) for entry in yard.gate.registry]
    decided = [(tool, decision) for tool, decision in every if decision.verdict != "deny"]
    listed: list[dict[str, Any]] = [
        {**described(tool, possible_effects(tool, profile_in_force)), "decision": decision.verdict}
        for tool, decision in decided
    ]
    if as_json:
        click.echo(json.dumps(listed, indent=2))
        return
    for tool, decision in decided:
        asks = " (asks first)" if decision.verdict == "ask" else ""
        click.echo(f"{tool.name}{asks}\n    {tool.description.partition(chr(10))[0]}")
    for decision in (decision for _, decision in every if decision.rule == "backend"):
        click.echo(decision.reason, err=True)
    click.echo(f"{len(decided)} tools under profile {profile_in_force.profile!r}", err=True)
