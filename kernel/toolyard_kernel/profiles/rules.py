"""The parts of a profile, each of which can meet another: `a & b` is never more than either side."""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from toolyard_kernel.effects import Effect
from toolyard_kernel.profiles.durations import Duration
from toolyard_kernel.profiles.names import ALL, Names

Mode = Literal["none", "granular", "dangerous", "all"]
Answerer = Literal["elicit", "task", "queue", "allow", "deny"]

DENY: Answerer = "deny"
MODES: tuple[Mode, ...] = ("none", "granular", "dangerous", "all")
"""From the least that asks to the most: each asks for whatever the one before it does."""

Number = TypeVar("Number", int, float)


class Part(BaseModel):
    """A part of a profile: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolRules(Part):
    """Which tools exist for this caller, by name. It narrows only: no name here grants an effect."""

    allow: Names = Field(default=Names((ALL,)), description="Only these tools; `all` by default.")
    deny: Names = Field(default=Names(), description="Never these tools, whatever `allow` says.")

    def __and__(self, other: ToolRules) -> ToolRules:
        return ToolRules(allow=self.allow & other.allow, deny=self.deny | other.deny)


class ApprovalRules(Part):
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

    def __and__(self, other: ApprovalRules) -> ApprovalRules:
        return ApprovalRules(
            mode=MODES[max(MODES.index(self.mode), MODES.index(other.mode))],
            required_tools=self.required_tools | other.required_tools,
            required_effects=self.required_effects | other.required_effects,
            on_ask=_both_reach(self.on_ask, other.on_ask),
            deadline=min(self.deadline, other.deadline),
        )


class Limits(Part):
    """The limits of one call, and of one agent run."""

    timeout: Duration = Field(default=120.0, description="A call's deadline.")
    output_bytes: int = Field(default=20_000, gt=0, description="Longer answers keep their head and their tail.")
    max_turns: int | None = Field(default=None, gt=0, description="Model turns of one agent run.")
    max_tokens: int | None = Field(default=None, gt=0, description="Tokens of one agent run.")
    max_cost: float | None = Field(default=None, gt=0, description="Cost of one agent run, in US dollars.")
    depth: int = Field(default=3, ge=0, description="How deep agents may delegate.")
    fan_out: int = Field(default=8, gt=0, description="How many calls of one run may be under way at once.")

    def __and__(self, other: Limits) -> Limits:
        return Limits(
            timeout=min(self.timeout, other.timeout),
            output_bytes=min(self.output_bytes, other.output_bytes),
            max_turns=least(self.max_turns, other.max_turns),
            max_tokens=least(self.max_tokens, other.max_tokens),
            max_cost=least(self.max_cost, other.max_cost),
            depth=min(self.depth, other.depth),
            fan_out=min(self.fan_out, other.fan_out),
        )


def _both_reach(mine: tuple[Answerer, ...], theirs: tuple[Answerer, ...]) -> tuple[Answerer, ...]:
    """The answerers that both sides come to; `allow` is kept only where it skips nobody whom either would ask."""
    mine, theirs = _reached(mine), _reached(theirs)
    if theirs == ("allow",) or set(mine) == set(theirs):
        return mine
    if mine == ("allow",):
        return theirs
    return (*(x for x in mine if x in theirs and x not in ("allow", "deny")), DENY)


def _reached(order: tuple[Answerer, ...]) -> tuple[Answerer, ...]:
    ends = [position for position, answerer in enumerate(order) if answerer in ("allow", "deny")]
    return order[: ends[0] + 1] if ends else order


def least(a: Number | None, b: Number | None) -> Number | None:
    """The stricter of two bounds, where None is none."""
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)
