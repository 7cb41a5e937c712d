"""A storage that lasts as long as its process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from toolyard_agents.errors import StorageConflict
from toolyard_agents.storage.storage import Key, Kind, Record, Scope


@dataclass(frozen=True, slots=True)
class _Kept:
    record: Record
    expires: float | None


@dataclass(slots=True)
class MemoryStorage:
    """For one event loop at a time: nothing in it waits, so each method is one transaction."""

    clock: Callable[[], float] = time.time
    _records: dict[tuple[Scope, Kind], dict[str, _Kept]] = field(
        default_factory=dict[tuple[Scope, Kind], dict[str, _Kept]], repr=False
    )
    _streams: dict[Key, list[str]] = field(default_factory=dict[Key, list[str]], repr=False)

    async def get(self, key: Key) -> Record | None:
        return self._current(key)

    async def put(self, key: Key, value: str, *, version: int, expires: float | None = None) -> Record:
        now = self._current(key)
        if (now.version if now else 0) != version:
            raise StorageConflict(f"{key.kind} {key.id!r} was changed by somebody else in the meantime")
        record = Record(key=key, value=value, version=version + 1)
        if version == 0:
            self._sweep(key)
        self._records.setdefault((key.scope, key.kind), {})[key.id] = _Kept(record, expires)
        return record

    async def delete(self, key: Key) -> None:
        self._records.get((key.scope, key.kind), {}).pop(key.id, None)
        self._streams.pop(key, None)

    async def records(self, scope: Scope, kind: Kind) -> Sequence[Record]:
        kept = self._records.get((scope, kind), {})
        return [one.record for one in kept.values() if not self._is_over(one)]

    async def append(self, key: Key, lines: Sequence[str], *, after: int) -> None:
        have = self._streams.get(key, [])
        if len(have) != after:
            raise StorageConflict(f"{key.kind} {key.id!r} has gone on elsewhere in the meantime")
        self._streams[key] = have
        have.extend(lines)

    async def length(self, key: Key) -> int:
        return len(self._streams.get(key, ()))

    async def lines(self, key: Key, *, after: int = 0, limit: int | None = None) -> Sequence[str]:
        return self._streams.get(key, [])[after : None if limit is None else after + limit]

    async def aclose(self) -> None:
        """Nothing is open, and what was kept can still be read."""

    def _current(self, key: Key) -> Record | None:
        kept = self._records.get((key.scope, key.kind), {}).get(key.id)
        return None if kept is None or self._is_over(kept) else kept.record

    def _is_over(self, kept: _Kept) -> bool:
        return kept.expires is not None and self.clock() >= kept.expires

    def _sweep(self, key: Key) -> None:
        """Forget what is over among a new record's neighbours, so that nothing grows for ever."""
        kept = self._records.get((key.scope, key.kind), {})
        for id in [id for id, one in kept.items() if self._is_over(one)]:
            del kept[id]
