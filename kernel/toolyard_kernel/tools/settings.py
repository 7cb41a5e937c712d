"""Types for the settings of toolkits, as a config writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo


def resolved(path: str | Path, base: Path) -> Path:
    """A path as a config writes it: below the folder `base`, with `~` and `$NAME` filled in.

    Raises:
        ValueError: a variable is not set, there is no such home, or it is no path at all.
    """
    text = os.path.expandvars(str(path))
    if "\0" in text:
        raise ValueError(f"{text!r}: a path holds no null byte")
    if "$" in text:
        raise ValueError(f"{path}: an environment variable in this path is not set")
    try:
        return Path(base, Path(text).expanduser())
    except RuntimeError as error:
        raise ValueError(f"{path}: {error}") from error


def _resolved(path: Path, info: ValidationInfo) -> Path:
    context: Mapping[str, Any] = info.context or {}
    return resolved(path, context.get("base", Path.cwd()))


SettingsPath = Annotated[Path, AfterValidator(_resolved)]
"""A path in a config: relative to the config's folder; `~` and `$NAME` are filled in."""
