"""`toolyard config`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from toolyard.cli.local import local_yard
from toolyard.cli.options import config_argument, json_option
from toolyard.config.runtime import load_config
from toolyard.config.schema import config_schema


@click.group("config")
def command() -> None:
    """Check a config, or print the schema that editors complete it with."""


@command.command("check")
@config_argument
@json_option
def check(config: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Load CONFIG with all it names, as `serve` would, without serving it.

    The tokens' variables need not be set: the ones that are missing are named.
    """
    with local_yard(config, None) as yard:
        loaded = load_config(config)
        loaded.extend()
        missing = [token.env for token in loaded.config.auth.tokens if not os.environ.get(token.env)]
        tools = [entry.tool.name for entry in yard.gate.visible(yard.caller)]
        hidden = [entry.tool.name for entry in yard.gate.registry if not yard.gate.allows(entry, yard.caller)]
    name = yard.caller.profile.profile
    if as_json:
        click.echo(json.dumps({"config": str(config), "profile": name, "tools": tools, "hidden": hidden}, indent=2))
        return
    click.echo(f"{config}: fine; profile {name!r} offers {len(tools)} tools: {', '.join(tools) or 'none'}")
    if missing:
        click.echo(f"to serve it over HTTP, set {', '.join(missing)} in the environment")
    if hidden:
        click.echo(f"hidden by the profile (toolyard explain says why): {', '.join(hidden)}")


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of config files; point your editor's YAML support at it."""
    click.echo(json.dumps(config_schema(), indent=2))
