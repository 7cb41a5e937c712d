"""Arguments that several commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import click


def json_object(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, Any] | None:
    """A click callback: the JSON object in `value`; `-` reads it from stdin."""
    if value is None:
        return None
    try:
        parsed: Any = json.loads(stdin_text() if value == "-" else value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not valid JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise click.BadParameter('expected a JSON object, such as \'{"path": "notes.txt"}\'')
    return cast("dict[str, Any]", parsed)


def stdin_text() -> str:
    """All of stdin."""
    return sys.stdin.read() if sys.stdin else ""  # a process can be started without one


config_argument = click.argument("config", type=click.Path(path_type=Path))
tool_argument = click.argument("tool")
json_arguments = click.argument("arguments", default="{}", callback=json_object)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
profile_option = click.option("--profile", help="Decide under this profile instead of the config's.")
