"""Fakes for your own tests: they implement Toolyard's Protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from toolyard_kernel.approvals.asks import Ask
from toolyard_kernel.ledger.ledger import NoLedger

__all__ = ["MemoryLedger", "NoLedger", "ScriptedApprover"]


@dataclass(slots=True)
class MemoryLedger:
    """A ledger in memory; `records` are in the order they were written."""

    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def open(self) -> None:
        """Nothing is opened."""

    def append(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class ScriptedApprover:
    """Answers each ask with the next of `answers`, then with no; `asked` holds the asks."""

    answers: list[bool]
    asked: list[Ask] = field(default_factory=list[Ask])

    def __call__(self, ask: Ask) -> bool:
        self.asked.append(ask)
        return self.answers.pop(0) if self.answers else False
