"""`RuntimeOptions`: what an agent's runtime is made with."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

from toolyard_agents.errors import AgentError
from toolyard_agents.models.opening import DEFAULT_MODEL
from toolyard_kernel.profiles.profile import PermissionProfile

PREFIX = "TOOLYARD_"
ALSO = {"model": "OPENAI_MODEL", "base_url": "OPENAI_BASE_URL"}
"""Fields whose default the provider's own variable gives when ours is not set."""
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _text(name: str) -> str | None:
    return os.environ.get(PREFIX + name.upper()) or os.environ.get(ALSO.get(name, "")) or None


def _flag(name: str) -> bool:
    written = os.environ.get(PREFIX + name.upper()) or "true"
    if written.lower() not in YES | NO:
        raise AgentError(f"{PREFIX}{name.upper()}={written!r}: expected true or false")
    return written.lower() in YES


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """Every field but `telemetry_metadata` takes its default from `TOOLYARD_<FIELD>` in the environment.

    The model and the base URL are also taken from `OPENAI_MODEL` and `OPENAI_BASE_URL`; what is given here wins.
    `team_id` and `project_id` together open an observability session: one record of all runs, and
    the OpenTelemetry span of each tells of it. `observability_config` is the path of its YAML file.
    `telemetry_metadata` is kept with both.
    """

    model: str = field(default_factory=lambda: _text("model") or DEFAULT_MODEL)
    base_url: str | None = field(default_factory=lambda: _text("base_url"))
    reasoning_effort: str | None = field(default_factory=lambda: _text("reasoning_effort"))
    working_dir: str | None = field(default_factory=lambda: _text("working_dir"))
    profile: str | PermissionProfile | None = field(default_factory=lambda: _text("profile"))
    auto_approve: bool = field(default_factory=lambda: _flag("auto_approve"))
    team_id: str | None = field(default_factory=lambda: _text("team_id"))
    project_id: str | None = field(default_factory=lambda: _text("project_id"))
    observability_config: str | None = field(default_factory=lambda: _text("observability_config"))
    session_id: str | None = field(default_factory=lambda: _text("session_id"))
    telemetry_metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    enable_delegate: bool = field(default_factory=lambda: _flag("enable_delegate"))

    def identified(self) -> str:
        """The session's id: the one given, or a new one."""
        return self.session_id or str(uuid.uuid4())
