"""One record of what a runtime did, for the team and project it belongs to."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from toolyard_agents.agent_runtime.options import RuntimeOptions
from toolyard_agents.errors import AgentError
from toolyard_agents.results import RunResult
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.folders import state_folder
from toolyard_kernel.tools.settings import SettingsPath
from toolyard_kernel.yaml_files import read_yaml, validated

FOLDER = "observability"


class ObservabilityConfig(BaseModel):
    """The file that `observability_config` names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether a record is kept.")
    folder: SettingsPath | None = Field(default=None, description="Where records are kept.")


@dataclass(slots=True, kw_only=True)
class ObservabilitySession:
    """The record `<session_id>.json`, written when it starts and anew when it ends."""

    path: Path
    about: dict[str, Any]
    started: str | None = None
    runs: int = 0
    used: Usage = field(default=NOTHING)

    def start(self) -> None:
        """Begin; once begun, nothing more happens."""
        if self.started is None:
            self.started = _now()
            self._write({"status": "running", "ended": None})

    def count(self, result: RunResult) -> None:
        """Add a run to the totals."""
        self.runs += 1
        self.used += result.used

    def end(self, status: str) -> None:
        """Close the record with its last status."""
        self.start()
        self._write({"status": status, "ended": _now()})

    def _write(self, how: dict[str, Any]) -> None:
        totals = {"runs": self.runs, **self.used.to_dict(), "cost": self.used.cost}
        text = json.dumps({**self.about, "started": self.started, **how, "totals": totals}, indent=2)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self.path.with_suffix(f".{os.getpid()}.tmp")
        new.write_text(text)
        new.replace(self.path)


def observability_of(options: RuntimeOptions, session_id: str, profile: str) -> ObservabilitySession | None:
    """The session of observability that the options ask for; None without a team and a project.

    Raises:
        ConfigError: the file that the options name cannot be used.
        AgentError: only one of team and project is given.
    """
    config = _config(options.observability_config)
    if (options.team_id is None) != (options.project_id is None):
        raise AgentError("team_id and project_id open an observability session together; give both, or none")
    if options.team_id is None or not config.enabled:
        return None
    about = {
        "session_id": session_id,
        "team_id": options.team_id,
        "project_id": options.project_id,
        "model": options.model,
        "profile": profile,
        "metadata": options.telemetry_metadata,
    }
    folder = config.folder or state_folder() / FOLDER
    return ObservabilitySession(path=folder / f"{_safe(session_id)}.json", about=about)


def _config(path: str | None) -> ObservabilityConfig:
    if path is None:
        return ObservabilityConfig()
    file = Path(path).expanduser().absolute()
    return validated(ObservabilityConfig, read_yaml(file), where=str(file), base=file.parent)


def _safe(session_id: str) -> str:
    if not session_id or session_id.startswith(".") or not all(c.isalnum() or c in "-_." for c in session_id):
        raise AgentError(f"session_id {session_id!r}: expected letters, digits, and - _ . inside")
    return session_id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
