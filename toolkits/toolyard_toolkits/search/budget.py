"""How long one call may search, and how much it may look at."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError

SHARE = 0.8
"""Of a call's time; the rest is for what is under way then, and for the answer."""

MOST_ENTRIES = 500_000

NARROW = "search one folder after the other, with path="

Item = TypeVar("Item")


@dataclass(slots=True, kw_only=True)
class Budget:
    """`spent` once the time is over or too many entries were seen; what was found until then is the answer."""

    ctx: ToolContext
    entries: int = 0
    _began: float = field(default_factory=time.monotonic, init=False)

    @property
    def seconds(self) -> float:
        return self.ctx.caller.profile.limits.timeout * SHARE

    @property
    def left(self) -> float:
        """Seconds until it is spent."""
        return max(self._began + self.seconds - time.monotonic(), 0.0)

    @property
    def spent(self) -> bool:
        """
        Raises:
            ToolError: the call is over.
        """
        self.check()
        return self.left == 0 or self.entries >= MOST_ENTRIES

    def notes(self) -> Iterator[str]:
        """That not everything was searched, and how to get the rest."""
        if self.left == 0:
            yield f"[stopped after {self.seconds:g} s, before everything was searched: {NARROW}]"
        elif self.entries >= MOST_ENTRIES:
            yield f"[stopped after {self.entries} files and folders, before everything was searched: {NARROW}]"

    def check(self) -> None:
        if self.ctx.cancelled:
            raise ToolError("searching was stopped: the call is over")

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, as long as it lasts."""
        for item in items:
            self.entries += 1
            yield item
            if self.spent:
                return
