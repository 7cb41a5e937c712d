"""`toolyard profiles`."""

from __future__ import annotations

import json

import click
import yaml

from toolyard.cli.options import json_option
from toolyard_kernel.profiles.builtin import BUILT_IN
from toolyard_kernel.profiles.choice import choose_profile


@click.command("profiles")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """List the built-in profiles, or show the whole of NAME (a name or the path of a YAML file)."""
    if name:
        whole = choose_profile(name).model_dump(mode="json")
        click.echo(json.dumps(whole, indent=2) if as_json else yaml.safe_dump(whole, sort_keys=False).rstrip())
    elif as_json:
        click.echo(json.dumps([profile.model_dump(mode="json") for profile in BUILT_IN.values()], indent=2))
    else:
        for profile in BUILT_IN.values():
            click.echo(f"{profile.profile}\n    {profile.description}")
