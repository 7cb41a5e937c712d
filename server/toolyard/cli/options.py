"""Arguments that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import click


class JsonObjectArgument(click.ParamType):
    """A JSON object on the command line; `-` reads it from stdin."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        text = click.get_text_stream("stdin").read() if value == "-" else value
        try:
            parsed: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fail(f"not valid JSON: {error}", param, ctx)
        if not isinstance(parsed, dict):
            self.fail("expected a JSON object, such as '{\"path\": \"notes.txt\"}'", param, ctx)
        return cast("dict[str, Any]", parsed)


config_argument = click.argument("config", type=click.Path(path_type=Path))
tool_argument = click.argument("tool")
json_arguments = click.argument("arguments", type=JsonObjectArgument(), default="{}")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
profile_option = click.option("--profile", help="Decide under this profile instead of the config's.")
