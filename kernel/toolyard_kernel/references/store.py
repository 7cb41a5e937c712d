"""Where the gate keeps what is too long to be answered with."""

from __future__ import annotations

from typing import Protocol

from toolyard_kernel.calls.callers import Caller

LASTS = 3600.0
"""Seconds that a result which was too long can be read."""
LARGEST = 16 * 1024 * 1024
"""Characters of the longest text that is kept."""


class ReferenceStore(Protocol):
    """Texts under ids, each seen by its owner alone: a caller, or whoever an agent runs for."""

    async def keep(self, caller: Caller, text: str) -> str:
        """Keep a text for a while; the id that reads it.

        Raises:
            OSError: it cannot be kept.
        """
        ...

    async def text(self, caller: Caller, id: str) -> str:
        """The whole text of a reference.

        Raises:
            UnknownName: the caller has none of this id, or its time is over.
            OSError: it cannot be read.
        """
        ...
