"""Types for the settings of toolkits, as a config writes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo


def _resolved(path: Path, info: ValidationInfo) -> Path:
    """Below the folder in the validation context's `base`, with `~` and `$NAME` filled in."""
    text = os.path.expandvars(str(path))
    if "$" in text:
        raise ValueError(f"{path}: an environment variable in this path is not set")
    base = (info.context or {}).get("base", Path.cwd())
    try:
        return Path(base, Path(text).expanduser())
    except RuntimeError as error:
        raise ValueError(f"{path}: {error}") from error


SettingsPath = Annotated[Path, AfterValidator(_resolved)]
"""A path in a config: relative to the config's folder; `~` and `$NAME` are filled in."""
