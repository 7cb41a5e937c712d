"""What a run may use, refused before the next step and not after."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_agents.results import StopReason
from toolyard_agents.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of one run with what it delegates to: model turns, tokens, US dollars, and seconds. None is no bound."""

    max_turns: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    wall_time: float | None = None

    def refusal(self, turns: int, used: Usage) -> tuple[StopReason, str] | None:
        """Why no further step may be taken after `turns` of them, or None."""
        if self.max_turns is not None and turns >= self.max_turns:
            return "max_iterations", f"the run has taken {turns} turns, which is as many as it may"
        if self.max_tokens is not None and used.total_tokens >= self.max_tokens:
            return "budget", f"the run has used {used.total_tokens} tokens of {self.max_tokens}"
        if self.max_cost is None:
            return None
        if used.cost is None:
            return "budget", f"the cost of this model is not known, and the run may cost at most ${self.max_cost:g}"
        if used.cost >= self.max_cost:
            return "budget", f"the run has cost ${used.cost:.4f} of ${self.max_cost:g}"
        return None
