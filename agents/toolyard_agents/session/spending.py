"""What a run has used so far, of what it may use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from toolyard_agents.config.budgets import Budgets
from toolyard_agents.results import StopReason
from toolyard_agents.state.spent import Spent
from toolyard_agents.state.state import State
from toolyard_agents.usage import NOTHING, Usage
from toolyard_kernel.profiles.rules import least

MOST_STEPS = 100
"""Turns that a run takes itself at the most, whatever its budget says of turns: a loop that nobody watches must end."""


@dataclass(slots=True, kw_only=True)
class Spending:
    """`bounds` are those of one run with all that it delegates to: what a delegate uses is charged to its asker too.

    `before` is what the run used until it was interrupted, if it was; `usage`, `turns` and `steps` (its own turns)
    count from then on.
    """

    bounds: Budgets
    state: State
    before: Spent = field(default_factory=Spent)
    asker: Spending | None = None
    usage: Usage = NOTHING
    turns: int = 0
    steps: int = 0
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def take_step(self) -> int:
        """Count a turn of the run itself; its number."""
        self.steps += 1
        for one in self._all():
            one.turns += 1
        return self.steps

    def charge(self, usage: Usage) -> None:
        """Count what was used, here and for everybody who asked."""
        for one in self._all():
            one.usage += usage
            one.state.update_usage(usage)

    def refusal(self) -> tuple[StopReason, str] | None:
        """Why no further step may be taken, or None."""
        if self.steps >= MOST_STEPS:
            return "max_iterations", f"the run has taken {self.steps} turns, which is as many as any may"
        refusals = (
            _refusal(one.bounds, one.before.turns + one.turns, one.before.usage + one.usage) for one in self._all()
        )
        return next((refusal for refusal in refusals if refusal), None)

    @property
    def all_bounds(self) -> list[Budgets]:
        """The run's own, and those of everybody who asked."""
        return [one.bounds for one in self._all()]

    @property
    def wall_time(self) -> float | None:
        """Seconds that the run may still take; None is no bound."""
        left: float | None = None
        for one in self._all():
            if one.bounds.wall_time is not None:
                used = one.before.seconds + one.clock() - one.began
                left = least(left, max(one.bounds.wall_time - used, 0.0))
        return left

    def _all(self) -> Iterator[Spending]:
        one: Spending | None = self
        while one is not None:
            yield one
            one = one.asker


def _refusal(bounds: Budgets, turns: int, used: Usage) -> tuple[StopReason, str] | None:
    """Why no further step may be taken after `turns` of them, or None."""
    if bounds.max_turns is not None and turns >= bounds.max_turns:
        return "max_iterations", f"the run has taken {turns} turns, which is as many as it may"
    if bounds.max_tokens is not None and used.total_tokens >= bounds.max_tokens:
        return "budget", f"the run has used {used.total_tokens} tokens of {bounds.max_tokens}"
    if bounds.max_cost is None:
        return None
    if used.cost is None:
        return "budget", f"the cost of this model is not known, and the run may cost at most ${bounds.max_cost:g}"
    if used.cost >= bounds.max_cost:
        return "budget", f"the run has cost ${used.cost:.4f} of ${bounds.max_cost:g}"
    return None
