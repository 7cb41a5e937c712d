"""The JSON Schema of config files, for editors."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from toolyard.config.agents import ConfigWithAgents
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.toolkit_loading import GROUP, factory_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """What a config may say, with the settings of every toolkit that is installed."""
    schema = ConfigWithAgents.model_json_schema()
    toolkits: dict[str, Any] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        settings = _settings_schema(entry.name)
        schema.setdefault("$defs", {}).update(settings.pop("$defs", {}))
        toolkits[entry.name] = {"anyOf": [settings, {"type": "null"}]}
    schema["properties"]["toolkits"].update(properties=toolkits, additionalProperties=False)
    return {"$schema": DIALECT, **schema, "title": "Toolyard config"}


def _settings_schema(name: str) -> dict[str, Any]:
    try:
        return factory_of(name, where="toolkits").Settings.model_json_schema()
    except ConfigError:  # a toolkit that cannot be loaded here may be fine where the config is used
        return {"type": "object"}
