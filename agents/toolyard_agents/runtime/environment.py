"""What the toolkits of a runtime are given besides their settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolyard_agents.errors import SpecError
from toolyard_agents.spec.toolkit_spec import ToolkitSpec
from toolyard_kernel.tools.model_schemas import sentence_of
from toolyard_kernel.tools.toolkit_loading import load_toolkit
from toolyard_kernel.tools.toolkits import ToolGroup, Toolkit

TARGET = "target"
"""The name of the connection to `target_database_url`."""


class DataEnvironment(BaseModel):
    """`target_database_url` is the connection `target` of a `database` toolkit that names none itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target_database_url: str | None = Field(default=None, min_length=1)
    catalog: dict[str, Any] | None = None
    catalog_search: dict[str, Any] | None = None


def environment_of(given: Mapping[str, Any] | None) -> DataEnvironment:
    """What was given, checked.

    Raises:
        SpecError: a key is not known, or its value cannot be used.
    """
    try:
        return DataEnvironment.model_validate(given or {})
    except ValidationError as error:
        known = ", ".join(DataEnvironment.model_fields)
        raise SpecError(f"data_environment: {sentence_of(error)}; known: {known}") from error


def toolkit_of(spec: ToolkitSpec, environment: DataEnvironment) -> Toolkit:
    """The toolkit that a spec declares.

    Raises:
        SpecError: it is the catalog.
        ConfigError: it is not installed, or refuses its settings.
    """
    if spec.tools:
        return ToolGroup(spec.name, spec.tools)
    if spec.name == "catalog":
        raise SpecError("toolkit 'catalog' is not there yet; leave it out (data_environment may keep its keys)")
    settings = dict(spec.settings)
    if spec.name == "database" and not settings.get("connections") and environment.target_database_url:
        settings["connections"] = {TARGET: {"url": _url(environment.target_database_url)}}
    return load_toolkit(spec.name, settings, where="toolkits", base=Path.cwd())


def _url(given: str) -> str:
    """`sqlite:/path` is what others write for `sqlite:////path`."""
    rest = given.removeprefix("sqlite:")
    return given if rest == given or rest.startswith("//") else f"sqlite:///{rest}"
