"""What a config file may say."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from toolyard_kernel.profiles.durations import Duration
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.settings import SettingsPath


def _nothing_is_empty(value: Any) -> Any:
    return {} if value is None else value  # `files:` with nothing after it


def _host_name(value: str) -> str:
    if ":" in value:
        ipaddress.IPv6Address(value)
    elif not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ValueError("expected the name of a host, without scheme, port or wildcard")
    return value


MOST_WORKERS = 256

HostName = Annotated[str, AfterValidator(_host_name)]
ToolkitSettings = Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]
ProfileChoice = str | PermissionProfile
"""A profile's name, the path of its YAML file, or the profile itself."""


class _Part(BaseModel):
    # Of their checks, those of a whole config are all that a server needs.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Token(_Part):
    """One bearer token: its own caller, with its own profile."""

    id: str = Field(min_length=1, description="Names the caller in the ledger, as `token:<id>`.")
    env: str = Field(min_length=1, description="The environment variable that holds the token.")
    profile: ProfileChoice | None = Field(
        default=None, description="The profile of this caller; the server's if absent."
    )


class Auth(_Part):
    """Who may come in over HTTP."""

    tokens: list[Token] = Field(default=[], description="When there are any, every request must show one.")
    allowed_hosts: list[HostName] = Field(default=[], description="Host names clients reach a public server by.")


class Http(_Part):
    """The streamable HTTP transport."""

    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8321, ge=0, le=65535, description="The port; 0 takes a free one.")
    path: str = Field(default="/mcp", pattern=r"^/[^?#{}]*$", description="The path of the MCP endpoint.")
    max_body_bytes: int = Field(
        default=4 * 1024 * 1024,
        gt=0,
        description="A larger request is refused, and so is one that does not come within 30s for each 4 MiB of this.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=MOST_WORKERS,
        description="Processes that serve. Several serve only clients of 2026-07-28.",
    )
    metrics: bool = Field(default=False, description="Answer /metrics too, for Prometheus.")
    drain: Duration = Field(default=2.0, description="How long calls under way may go on after SIGTERM.")


class Ledger(_Part):
    """How the record of calls is kept."""

    sync: Literal["never", "always"] = Field(
        default="never",
        description="`always` has each record on the disk before the call goes on, for a power cut.",
    )
    rotate_bytes: int = Field(
        default=64 * 1024 * 1024, ge=4096, description="A file that would grow beyond it is followed by a new one."
    )
    folder: SettingsPath | None = Field(default=None, description="Where the files are; `ledger` in the state folder.")


class Config(_Part):
    """A Toolyard server; one with agents is a `ConfigWithAgents`."""

    name: str = Field(default="toolyard", min_length=1, description="The server's name, as clients see it.")
    instructions: str | None = Field(default=None, description="How a model should use this server.")
    profile: ProfileChoice = Field(default="readonly", description="What local callers may do.")
    toolkits: dict[str, ToolkitSettings] = Field(default={}, description="Toolkits by name, with their settings.")
    agents: list[Any] = Field(default=[], max_length=0, description="Agents, served as tools that run them.")
    python: list[str] = Field(
        default=[], description="Modules whose tools, toolkits, resources and prompts are served."
    )
    prompts: SettingsPath | None = Field(default=None, description="A folder of prompts in Markdown files.")
    extend: str | None = Field(
        default=None,
        pattern=r"^[^:\s]+:[A-Za-z_]\w*$",
        description="A function, as module:function, that adds to the MCP SDK's server what Toolyard does not offer.",
    )
    http: Http = Http.model_construct()
    auth: Auth = Auth.model_construct()
    ledger: Ledger = Ledger.model_construct()
