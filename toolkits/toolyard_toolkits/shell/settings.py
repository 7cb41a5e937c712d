"""What a config writes below `toolkits: {shell: …}`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from toolyard_kernel.errors import ConfigError
from toolyard_kernel.tools.settings import SettingsPath

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variable(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r}: expected the name of a variable, such as LANG")
    return name


class ShellSettings(BaseModel):
    """The folder that commands run in, and what they find there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: SettingsPath = Field(description="The folder that commands run in; a confined one sees no other of yours.")
    backend: str | None = Field(
        default=None,
        description="Where commands run: a backend that is installed. Without it, `sandbox` under `shell: restricted` "
        "and `local` under `shell: unrestricted`; with `sandbox`, everything runs there, and start is refused where it "
        "cannot.",
    )
    environment: Mapping[Annotated[str, AfterValidator(_variable)], str | None] = Field(
        default={},
        description="Variables that commands have besides PATH, HOME, LANG and the like. Null takes the server's own "
        "value; nothing else of the server's environment reaches a command.",
    )
    commands: tuple[str, ...] = Field(
        default=(),
        description="Names of further commands that `shell: restricted` lets pass to the sandbox, with any arguments.",
    )


def variables_of(settings: ShellSettings) -> dict[str, str]:
    """The variables that the settings add.

    Raises:
        ConfigError: one should be taken from the server's environment, and is not set there.
    """
    values: dict[str, str] = {}
    for name, value in settings.environment.items():
        taken = os.environ.get(name) if value is None else value
        if taken is None:
            raise ConfigError(f"environment: {name}: the server has no such variable; set it, or write a value")
        values[name] = taken
    return values
