"""How long to wait for a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """In seconds: for a connection, for the first piece of an answer, between two pieces, and for what may follow it.

    A model that reasons can be silent for minutes before its first piece, and not at all afterwards.
    """

    connect: float = 10.0
    first: float = 600.0
    idle: float = 120.0
    closing: float = 5.0

    def after(self, *, begun: bool, complete: bool) -> float:
        """How long to wait for the next piece of an answer that has come so far."""
        if complete:
            return self.closing
        return self.idle if begun else self.first
