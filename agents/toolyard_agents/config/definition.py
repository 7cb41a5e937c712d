"""What YAML may say about an agent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo, field_validator

from toolyard_agents.config.budgets import Budgets
from toolyard_agents.models.opening import DEFAULT_MODEL
from toolyard_agents.prompts.source import prompt_path
from toolyard_kernel.profiles.choice import names_a_file
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.settings import resolved

Role = Literal["coordinator", "planner", "executor", "specialist"]


def _base(info: ValidationInfo) -> Path:
    context: Mapping[str, Any] = info.context or {}
    return Path(context.get("base", Path.cwd()))


def _nothing_is_empty(value: Any) -> Any:
    return {} if value is None else value  # `files:` with nothing after it


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
"""It becomes part of the name of a tool, `ask_<name>`."""
Settings = Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]


class AgentDefinition(BaseModel):
    """An agent. Relative paths are below the folder of the file that says so; `~` and `$NAME` are filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    system_prompt: str | None = Field(
        default=None, description="The system prompt, or the path of a prompt file; a short general one if absent."
    )
    vars: dict[str, str] = Field(default={}, description="Values of the prompt's variables.")
    model: str = Field(default=DEFAULT_MODEL, min_length=1, description="The model, as its provider calls it.")
    profile: str | PermissionProfile | None = Field(
        default=None,
        description="What the agent may do: a profile's name, the path of its file, or itself; readonly if absent.",
    )
    backend: str = Field(default="local", min_length=1, description="Where its tools execute.")
    working_dir: str | None = Field(
        default=None, min_length=1, description="The folder its tools work in; the current one if absent."
    )
    base_url: str | None = Field(default=None, description="Where the model is served, if not at its usual place.")
    service_tier: str | None = Field(default=None, description="The provider's service tier.")
    reasoning_effort: str | None = Field(default=None, description="How much the model should think, as it calls it.")
    response_format: dict[str, Any] | None = Field(default=None, description="The form its answers must have.")
    auto_approve: StrictBool = Field(
        default=True, description="Whether asks are answered with yes in runs that the host's own program starts."
    )
    extras: dict[str, Any] = Field(default={}, description="Whatever else a program wants to find in the config.")
    name: Name | None = Field(default=None, description="What the agent is called.")
    role: Role | None = Field(default=None, description="What it is for; a specialist is served as ask_<name>.")
    description: str = Field(default="", description="What it is good at, for those who choose among agents.")
    tools: list[str] | None = Field(default=None, description="The tools it may use; all it has if absent.")
    toolkits: dict[str, Settings] = Field(
        default={},
        description="Settings of its toolkits, and toolkits beside files, search and shell; "
        "relative paths in them are below working_dir.",
    )
    routes: list[Name] = Field(default=[], description="The agents it may delegate to.")
    budgets: Budgets = Field(default=Budgets(), description="What one run of it may use.")
    enable_delegate: StrictBool | None = Field(
        default=None, description="Whether it may delegate; by default, when it has routes."
    )
    expose: StrictBool | None = Field(
        default=None,
        description="Whether MCP clients have a tool ask_<name> of it; by default, when it is a specialist. "
        "With `false` they cannot run it by run_prompt either, only other agents can.",
    )

    @field_validator("system_prompt")
    @classmethod
    def _absolute_prompt(cls, prompt: str | None, info: ValidationInfo) -> str | None:
        path = prompt_path(prompt, _base(info)) if prompt else None
        return prompt if path is None else str(path)

    @field_validator("profile")
    @classmethod
    def _absolute_profile(
        cls, profile: str | PermissionProfile | None, info: ValidationInfo
    ) -> str | PermissionProfile | None:
        if isinstance(profile, str) and names_a_file(profile):
            return str(resolved(profile, _base(info)))
        return profile

    @field_validator("working_dir")
    @classmethod
    def _absolute_working_dir(cls, folder: str | None, info: ValidationInfo) -> str | None:
        return None if folder is None else str(resolved(folder, _base(info)))
