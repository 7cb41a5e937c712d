"""`PermissionProfile`: which effects a caller is granted, what must be asked, and the limits of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.durations import Duration
from toolyard_kernel.profiles.names import ALL, Names


def _off(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads an unquoted `off` as False


Mode = Literal["none", "granular", "dangerous", "all"]
Answerer = Literal["elicit", "task", "queue", "allow", "deny"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolRules(_Part):
    """Which tools exist for this caller, by name. It narrows only: no name here grants an effect."""

    allow: Names = Field(default=Names((ALL,)), description="Only these tools; `all` by default.")
    deny: Names = Field(default=Names(), description="Never these tools, whatever `allow` says.")


class ApprovalRules(_Part):
    """When a call waits for a yes, and who may give it."""

    mode: Mode = Field(
        default="dangerous",
        description="none: only what a tool itself asks for. granular: database writes, and upstream tools not marked "
        "read-only. dangerous: whatever can write, execute or reach out, unless this profile confines it. "
        "all: every call.",
    )
    required_tools: Names = Field(default=Names(), description="These tools always ask.")
    required_effects: frozenset[Effect] = Field(default=frozenset(), description="Tools with these effects always ask.")
    on_ask: tuple[Answerer, ...] = Field(
        default=("elicit", "deny"), description="Who answers an ask, tried in this order; when all are tried: no."
    )
    deadline: Duration = Field(default=300.0, description="How long an ask may wait; then the answer is no.")


class Limits(_Part):
    """The limits of one call, and of one agent run."""

    timeout: Duration = Field(default=120.0, description="A call's deadline.")
    output_bytes: int = Field(default=20_000, gt=0, description="Longer answers keep their head and their tail.")
    max_turns: int | None = Field(default=None, gt=0, description="Model turns of one agent run.")
    max_tokens: int | None = Field(default=None, gt=0, description="Tokens of one agent run.")
    max_cost: float | None = Field(default=None, gt=0, description="Cost of one agent run, in US dollars.")
    depth: int = Field(default=3, ge=0, description="How deep agents may delegate.")
    fan_out: int = Field(default=8, gt=0, description="How many calls of one run may be under way at once.")


class PermissionProfile(_Part):
    """A permission profile. Every field is optional, and what is not granted is refused.

    Reading files is always granted, within the root of the toolkit that reads. `a & b` grants what both grant.
    """

    profile: str = Field(default="custom", description="The profile's name.")
    description: str = ""
    shell: Annotated[Literal["off", "restricted", "unrestricted"], BeforeValidator(_off)] = "off"
    file_write: Annotated[Literal["off", "create-only", "full"], BeforeValidator(_off)] = "off"
    database: Annotated[Literal["off", "readonly", "mutations"], BeforeValidator(_off)] = "off"
    network: Names = Field(default=Names(), description="off, any, or the hosts that tools may reach.")
    agents: Names = Field(default=Names(), description="off, all, or the agents that may be run.")
    upstream: Names = Field(default=Names(), description="off, all, or the upstream tools that may be called.")
    tools: ToolRules = ToolRules()
    approval: ApprovalRules = ApprovalRules()
    limits: Limits = Limits()

    def __and__(self, other: PermissionProfile) -> PermissionProfile:
        # Here, not at the top: intersection.py needs the class this file defines.
        from toolyard_kernel.profiles.intersection import intersect  # noqa: PLC0415

        return intersect(self, other)
