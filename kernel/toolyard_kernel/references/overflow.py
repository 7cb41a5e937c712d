"""What becomes of a result that is too long."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.references.store import LARGEST, ReferenceStore

URI = "toolyard://references/"
RESOLVE = "resolve_ref"
"""The tool that reads references, where a caller has it."""

PATIENCE = 2.0
"""Seconds that a call, whose deadline may be over, waits for its result to be kept."""

log = logging.getLogger("toolyard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """Keeps the whole of a result. `has_tool` says whether whoever reads the head and the tail can call the tool."""

    store: ReferenceStore
    has_tool: bool

    async def kept(self, caller: Caller, text: str) -> str:
        """Where the whole can be read, in words; nothing when it could not be kept."""
        if len(text) > LARGEST:
            return ""
        keeping = asyncio.ensure_future(self.store.keep(caller, text))
        keeping.add_done_callback(_heard)
        await asyncio.wait({keeping}, timeout=PATIENCE)
        if not keeping.done() or keeping.cancelled() or keeping.exception() is not None:
            return ""
        id = keeping.result()
        return f"read the whole with {RESOLVE} and ref {id}" if self.has_tool else f"read the whole at {URI}{id}"


def _heard(keeping: asyncio.Future[str]) -> None:
    """Whoever waited may be gone."""
    if not keeping.cancelled() and (error := keeping.exception()) is not None:
        log.error("a result that was too long could not be kept", exc_info=error)
