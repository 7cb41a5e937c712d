"""`Budgets`: what one run of an agent may use."""

from __future__ import annotations

from pydantic import Field, StrictInt

from toolyard_kernel.profiles.durations import Duration
from toolyard_kernel.profiles.rules import Part, least


class Budgets(Part):
    """Bounds of one run; None leaves it to the caller's profile. `a & b` is within both."""

    max_turns: StrictInt | None = Field(default=None, gt=0, description="Model turns.")
    max_tokens: StrictInt | None = Field(default=None, gt=0, description="Tokens, of input and output.")
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="Cost in US dollars.")
    wall_time: Duration | None = Field(default=None, description="How long the run may take, such as 300s or 5m.")
    depth: StrictInt | None = Field(default=None, ge=0, description="How deep it may delegate.")
    fan_out: StrictInt | None = Field(default=None, gt=0, description="How many of its calls may be under way at once.")

    def __and__(self, other: Budgets) -> Budgets:
        return Budgets(
            max_turns=least(self.max_turns, other.max_turns),
            max_tokens=least(self.max_tokens, other.max_tokens),
            max_cost=least(self.max_cost, other.max_cost),
            wall_time=least(self.wall_time, other.wall_time),
            depth=least(self.depth, other.depth),
            fan_out=least(self.fan_out, other.fan_out),
        )
