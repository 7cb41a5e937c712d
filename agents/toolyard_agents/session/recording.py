"""A run that is played again, as far as it was written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolyard_agents.errors import ModelError


@dataclass(slots=True, kw_only=True)
class Recording:
    """`notes` are what its policy noted, `reason` why it ended; `over` says that more was wanted than is there."""

    notes: Sequence[str] = ()
    reason: str = ""
    over: bool = False

    def end(self) -> ModelError:
        """The error of whoever wants more than was written down."""
        self.over = True
        return ModelError(self.reason or "the trace ends here")
