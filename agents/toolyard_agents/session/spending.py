"""What a run has used so far, of what it may use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from toolyard_agents.results import StopReason
from toolyard_agents.session.bounds import Bounds
from toolyard_agents.state.spent import Spent
from toolyard_agents.usage import NOTHING, Usage


@dataclass(slots=True, kw_only=True)
class Spending:
    """`bounds` are those of the whole run; `before` is what it used until it was interrupted, if it was.

    `usage` and `turns` count from then on.
    """

    bounds: Bounds
    before: Spent = field(default_factory=Spent)
    usage: Usage = NOTHING
    turns: int = 0
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def refusal(self) -> tuple[StopReason, str] | None:
        """Why no further step may be taken, or None."""
        return self.bounds.refusal(self.before.turns + self.turns, self.before.usage + self.usage)

    def left(self) -> Bounds:
        """What a run that this one delegates to may use."""
        seconds = self.before.seconds + self.clock() - self.began
        return self.bounds.less(self.before.turns + self.turns, self.before.usage + self.usage, seconds)

    @property
    def wall_time(self) -> float | None:
        """Seconds that the run may still take when it goes on; None is no bound."""
        whole = self.bounds.wall_time
        return None if whole is None else max(whole - self.before.seconds, 0.0)
