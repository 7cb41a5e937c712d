"""`AgentConfig`: all there is to say about an agent."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from toolyard_agents.config.budgets import Budgets
from toolyard_agents.config.definition import AgentDefinition, Role
from toolyard_agents.config.meaning import meaning
from toolyard_agents.config.writing import write_config, yaml_of
from toolyard_agents.models.opening import DEFAULT_MODEL
from toolyard_agents.prompts.system_prompt import resolve_system_prompt
from toolyard_kernel.backends import Backend
from toolyard_kernel.errors import ConfigError
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.settings import resolved
from toolyard_kernel.yaml_files import read_yaml, validated, yaml_mapping


@dataclass(frozen=True, slots=True, eq=False)
class AgentConfig:
    """The configuration of an agent. It does not change, and its collections are copies of those it was given.

    Relative paths (`system_prompt`, `profile`, `working_dir`) are below the current directory; in a file they are below
    the file's folder, and absolute once it is read. Two configs are equal when they mean the same, however their paths
    are written, and whether they name an installed backend or hold it.

    Raises:
        ConfigError: a value is none that its field can have.
    """

    system_prompt: str | None = None
    vars: dict[str, str] = field(default_factory=dict[str, str])
    model: str = DEFAULT_MODEL
    profile: str | PermissionProfile | None = None
    backend: str | Backend = "local"
    working_dir: str | None = None
    base_url: str | None = None
    service_tier: str | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, Any] | None = None
    auto_approve: bool = True
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    name: str | None = field(default=None, kw_only=True)
    role: Role | None = field(default=None, kw_only=True)
    description: str = field(default="", kw_only=True)
    tools: list[str] | None = field(default=None, kw_only=True)
    toolkits: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]], kw_only=True, repr=False)
    routes: list[str] = field(default_factory=list[str], kw_only=True)
    budgets: Budgets = field(default_factory=Budgets, kw_only=True)
    enable_delegate: bool | None = field(default=None, kw_only=True)
    expose: bool | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        given = _values(self)
        if not isinstance(self.backend, str):
            del given["backend"]
        definition = validated(AgentDefinition, given, where="AgentConfig", base=Path.cwd())
        own: dict[str, Any] = {
            "vars": dict(self.vars),
            "profile": self.profile if isinstance(self.profile, str) else definition.profile,
            "response_format": copy.deepcopy(self.response_format),
            "extras": dict(self.extras),
            "tools": None if self.tools is None else list(self.tools),
            "toolkits": {name: dict(settings or {}) for name, settings in self.toolkits.items()},
            "routes": list(self.routes),
            "budgets": definition.budgets,
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AgentConfig):
            return NotImplemented
        return meaning(_values(self)) == meaning(_values(other))

    def __hash__(self) -> int:
        return hash((self.name, self.role, self.description, self.model, self.base_url))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """The config in a YAML file.

        Raises:
            ConfigError: it cannot be read, or says what it may not; the text names the file and the key.
        """
        path = Path(path).expanduser().absolute()
        return cls.from_mapping(read_yaml(path), where=str(path), base=path.parent)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str, base: Path) -> Self:
        """The config that YAML at `where` says; relative paths in it are below the folder `base`.

        Raises:
            ConfigError: it says what it may not; the text names `where` and the key.
        """
        return cls.from_definition(validated(AgentDefinition, dict(mapping), where=where, base=base))

    @classmethod
    def from_definition(cls, definition: AgentDefinition) -> Self:
        """The config that a definition is, once it was validated."""
        return cls(**dict(definition))

    def to_file(self, path: str | Path) -> None:
        """Write a YAML file that `from_file` reads as an equal config, with what differs from the defaults.

        A relative path is written relative to the file where it is below the file's folder, and else absolute. The
        file is replaced whole, or not at all.

        Raises:
            ConfigError: it cannot be written, or something in the config has no form in YAML, such as a backend that
                is not installed under its name.
        """
        path = Path(path).expanduser().absolute()
        text = yaml_of(_values(self), path.parent)
        back = self.from_mapping(yaml_mapping(text, path), where=f"{path} was not written", base=path.parent)
        mine, its = meaning(_values(self)), meaning(_values(back))
        if lost := [name for name in mine if mine[name] != its[name]]:
            raise ConfigError(f"{path} was not written: {', '.join(lost)}: YAML has no form for what is in it")
        write_config(path, text)

    def resolve_system_prompt(self) -> str:
        """The text of the system prompt: from its file, if it names one, with `vars` filled in.

        Raises:
            PromptError: the file or its variables cannot be used.
        """
        return resolve_system_prompt(self.system_prompt, self.vars)

    def resolve_working_dir(self) -> Path:
        """The folder that the agent's tools work in, absolute, whether or not it is there."""
        return resolved(self.working_dir or ".", Path.cwd())


def _values(config: AgentConfig) -> dict[str, Any]:
    return {one.name: getattr(config, one.name) for one in fields(config)}
