"""How many calls ended how, and how long they ran: plain numbers, which cost a call next to nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from toolyard_kernel.calls.outcomes import Outcome, Status

BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)
"""Seconds: the upper ends of what durations are sorted into; the last place is for all that is longer."""
NO_TOOL = ""
"""The tool of calls whose name is no tool's: a caller may make up any number of names."""


@dataclass(slots=True)
class Tally:
    """`ended` counts calls by tool and outcome. `runs` counts those whose handler ran, by duration; `seconds` is all of
    their durations together."""

    ended: Counter[tuple[str, Status]] = field(default_factory=Counter[tuple[str, Status]])
    runs: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def refused(self, tool: str, status: Status) -> None:
        """A call, or a round of one, ended whose handler did not run."""
        self.ended[tool, status] += 1

    def ran(self, tool: str, outcome: Outcome) -> None:
        """A call ended whose handler ran."""
        self.ended[tool, outcome.status] += 1
        self.runs[bisect_left(BOUNDS, outcome.duration)] += 1
        self.seconds += outcome.duration


def total(tallies: Iterable[Tally]) -> Tally:
    """The tally of several processes."""
    whole = Tally()
    for each in tallies:
        whole.ended += each.ended
        whole.runs = [mine + more for mine, more in zip(whole.runs, each.runs, strict=True)]
        whole.seconds += each.seconds
    return whole
