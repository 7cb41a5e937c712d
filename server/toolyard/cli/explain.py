"""`toolyard explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from toolyard.cli.local import local_yard
from toolyard.cli.options import config_argument, json_arguments, json_option, profile_option, tool_argument
from toolyard_kernel.calls.outcomes import ToolCall


@click.command("explain")
@config_argument
@tool_argument
@json_arguments
@profile_option
@json_option
def command(config: Path, tool: str, arguments: dict[str, Any], profile: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Say whether a call of TOOL with ARGUMENTS would be allowed, asked for or denied, and why. Nothing runs."""
    with local_yard(config, profile) as yard:
        decision = yard.gate.explain(ToolCall(tool=tool, arguments=arguments), yard.caller)
        name = yard.caller.profile.profile
    answer = {"tool": tool, "profile": name, "decision": decision.verdict, "rule": decision.rule}
    if as_json:
        click.echo(json.dumps({**answer, "reason": decision.reason}, indent=2))
    else:
        click.echo(f"{decision.verdict}: {decision.reason}\n(rule {decision.rule}, profile {name!r})")
