"""What becomes of a result that is too long."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.references.store import LARGEST, ReferenceStore

URI = "toolyard://references/"
RESOLVE = "resolve_ref"
"""The tool that reads references, where a caller has it."""

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
        try:
            id = await self.store.keep(caller, text)
        except OSError:
            log.exception("a result that was too long could not be kept")
            return ""
        return f"read the whole with {RESOLVE} and ref {id}" if self.has_tool else f"read the whole at {URI}{id}"
