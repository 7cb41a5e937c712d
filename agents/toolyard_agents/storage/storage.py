"""What a runtime needs of the place where it keeps things: records that are replaced, and streams that grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["approval", "event", "lease", "plan", "reference", "thread"]
"""What a record or a stream is. A kind is kept apart from the others, whatever the ids in it are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose things: nothing in one scope can be seen from another. `owner` is a caller's principal, or empty for what
    belongs to the tenant itself."""

    tenant: str
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The name of one record, or of one stream. `id` is any text."""

    scope: Scope
    kind: Kind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it was read. `version` counts from 1 and grows by one with each change."""

    key: Key
    value: str
    version: int


class Storage(Protocol):
    """Records and streams, by key. Every method is one transaction, and safe among tasks, threads and processes.

    Values and lines are JSON in one line; ids and owners may be any text. Each method raises
    `StorageError` when the place cannot be used.
    """

    async def get(self, key: Key) -> Record | None:
        """The record; None when there is none, or its time is over."""
        ...

    async def put(self, key: Key, value: str, *, version: int, expires: float | None = None) -> Record:
        """Write a record that is at `version`, 0 for one that is not there; it is read until `expires` (epoch seconds).

        Raises:
            StorageConflict: it is at another version.
        """
        ...

    async def delete(self, key: Key) -> None:
        """Remove a record, or a stream with its lines; nothing happens when there is none."""
        ...

    async def records(self, scope: Scope, kind: Kind) -> Sequence[Record]:
        """The records of one kind in one scope, in the order they were first written, without those that are over."""
        ...

    async def append(self, key: Key, lines: Sequence[str], *, after: int) -> None:
        """Add lines to a stream that has `after` of them: all or none.

        Raises:
            StorageConflict: it has another number of lines.
        """
        ...

    async def length(self, key: Key) -> int:
        """How many lines a stream has; 0 when there is none."""
        ...

    async def lines(self, key: Key, *, after: int = 0, limit: int | None = None) -> Sequence[str]:
        """The lines of a stream from number `after` + 1 on, at most `limit`; none when there is no such stream."""
        ...

    async def aclose(self) -> None:
        """Give back what is open."""
        ...
