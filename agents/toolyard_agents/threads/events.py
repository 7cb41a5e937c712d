"""The events of a thread, numbered from 1 and kept, so that a reader can come back to where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolyard_agents.storage.storage import Key, Scope, Storage
from toolyard_agents.to_its_end import to_its_end

PAGE = 200
"""Events that are read at once."""


@dataclass(slots=True, kw_only=True)
class EventLog:
    """`count` events are kept. Whoever writes has the thread to itself."""

    storage: Storage
    key: Key
    count: int

    async def add(self, event: dict[str, Any]) -> dict[str, Any]:
        """Keep an event; it is given back with its number as `event_id`.

        Raises:
            StorageConflict: the thread has gone on elsewhere.
            StorageError: it cannot be kept.
        """
        return await to_its_end(self._add(event))  # or nobody would know whether it is there

    async def _add(self, event: dict[str, Any]) -> dict[str, Any]:
        numbered = {**event, "event_id": self.count + 1}
        line = json.dumps(numbered, default=str)  # a tool may tell what is no JSON
        await self.storage.append(self.key, [line], after=self.count)
        self.count += 1
        return numbered

    async def after(self, number: int) -> Sequence[dict[str, Any]]:
        """The next events after this number, at most a page of them.

        Raises:
            StorageError: they cannot be read.
        """
        return [json.loads(line) for line in await self.storage.lines(self.key, after=number, limit=PAGE)]


async def open_events(storage: Storage, scope: Scope, thread_id: str) -> EventLog:
    """The events of a caller's thread.

    Raises:
        StorageError: they cannot be read.
    """
    key = Key(scope=scope, kind="event", id=thread_id)
    return EventLog(storage=storage, key=key, count=await storage.length(key))
