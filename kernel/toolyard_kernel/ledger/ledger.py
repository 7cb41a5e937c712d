"""Where records go."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from toolyard_kernel.ledger.records import Record


class Ledger(Protocol):
    """An append-only store of records."""

    def open(self) -> None:
        """Make ready to store; `append` does so by itself.

        Raises:
            LedgerError: nothing can be stored.
        """
        ...

    def append(self, record: Record) -> Awaitable[None] | None:
        """Store one record before returning; what it returns may be awaited until the record outlives a power cut.

        Raises:
            LedgerError: it could not be stored; awaiting raises it too.
        """
        ...

    def close(self) -> None: ...


class NoLedger:
    """For hosts that keep no record, on purpose."""

    def open(self) -> None:
        """Nothing is opened."""

    def append(self, record: Record) -> None:
        """Forget the record."""

    def close(self) -> None:
        """Nothing is open."""
