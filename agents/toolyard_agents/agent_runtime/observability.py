"""What a runtime did, for the team and project it belongs to: one record of it all, named in the span of each run."""

from __future__ import annotations

import json
import logging
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
from toolyard_kernel.whole_files import replace_file
from toolyard_kernel.yaml_files import read_yaml, validated

FOLDER = "observability"

log = logging.getLogger("toolyard")


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
        """Begin; once begun, nothing more happens.

        Raises:
            AgentError: the record cannot be written.
        """
        if self.started is not None:
            return
        self.started = _now()
        try:
            self._write({"status": "running", "ended": None})
        except OSError as error:
            self.started = None
            raise AgentError(
                f"the observability record {self.path} cannot be written ({error.strerror}); name a folder that can, "
                f"as `folder` in the file that observability_config names"
            ) from error

    def count(self, result: RunResult) -> None:
        """Add up what a run used."""
        self.runs += 1
        self.used += result.used

    def end(self, status: str) -> None:
        """Close the record with its last status; a disk that does not take it is logged."""
        ended = _now()
        self.started = self.started or ended
        try:
            self._write({"status": status, "ended": ended})
        except OSError:
            log.exception("the observability record %s could not be closed with status %r", self.path, status)

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What tells of the session in the span of each run."""
        metadata = {f"metadata.{key}": value for key, value in self.about["metadata"].items()}
        own = {**{name: self.about[name] for name in ("session_id", "team_id", "project_id")}, **metadata}
        return {name: value for name, value in own.items() if isinstance(value, str | int | float)}

    def _write(self, how: dict[str, Any]) -> None:
        totals = {"runs": self.runs, **self.used.to_dict(), "cost": self.used.cost}
        text = json.dumps({**self.about, "started": self.started, **how, "totals": totals}, indent=2, default=str)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self.path, text)


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
