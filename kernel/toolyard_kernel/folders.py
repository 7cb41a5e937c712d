"""Where Toolyard keeps state and looks for configuration."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """`$XDG_STATE_HOME/toolyard`: the ledger and whatever else outlives a process."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "toolyard"


def config_folder() -> Path:
    """`$XDG_CONFIG_HOME/toolyard`: profiles of one's own."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "toolyard"
