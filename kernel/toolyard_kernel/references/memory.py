"""References that last as long as their process."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.references.store import LASTS

MOST = 64 * 1024 * 1024
"""Characters that are kept of all callers together; the oldest go first."""

Key = tuple[str, str, str]


@dataclass(slots=True, kw_only=True)
class MemoryReferences:
    """Of one event loop."""

    clock: Callable[[], float] = time.monotonic
    most: int = MOST
    _kept: dict[Key, tuple[str, float]] = field(default_factory=dict[Key, tuple[str, float]], repr=False)
    _size: int = 0

    async def keep(self, caller: Caller, text: str) -> str:
        id = f"ref_{hashlib.sha256(json.dumps([caller.tenant, text]).encode()).hexdigest()[:32]}"
        self._forget(_key(caller, id))
        self._kept[_key(caller, id)] = text, self.clock() + LASTS
        self._size += len(text)
        self._sweep()
        return id

    async def text(self, caller: Caller, id: str) -> str:
        text, ends = self._kept.get(_key(caller, id), ("", 0.0))
        if self.clock() >= ends:
            raise UnknownName(f"there is no reference {id!r}, or its time is over")
        return text

    def _sweep(self) -> None:
        for key, (_, ends) in tuple(self._kept.items()):  # the oldest first
            if self._size <= self.most and ends > self.clock():
                return
            self._forget(key)

    def _forget(self, key: Key) -> None:
        if key in self._kept:
            text, _ = self._kept.pop(key)
            self._size -= len(text)


def _key(caller: Caller, id: str) -> Key:
    return caller.tenant, caller.principal, id
