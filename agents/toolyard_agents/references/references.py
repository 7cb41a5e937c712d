"""The references of one tenant, seen by the caller whose they are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolyard_agents.errors import StorageConflict
from toolyard_agents.references.reference import Reference, Stored, id_of, plain
from toolyard_agents.spec.reference_spec import ReferenceSpec
from toolyard_agents.storage.storage import Key, Scope, Storage
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.references.store import LASTS

MISSING: Any = object()
RESULT = "result"
"""The kind of a tool's result that was too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """`specs` are the kinds that have a schema; other kinds hold any JSON value."""

    storage: Storage
    tenant: str
    specs: Mapping[str, ReferenceSpec]
    clock: Callable[[], float] = time.time

    async def create(
        self, owner: str, kind: ReferenceSpec | str, payload: Any, *, glimpse: Any = MISSING, ttl: float | None = None
    ) -> Reference:
        """Keep a value, unless it is there already. The glimpse is made once, here.

        Raises:
            ValueError: the value or the glimpse does not fit its schema, or is no JSON.
            StorageError: it cannot be kept.
        """
        spec = kind if isinstance(kind, ReferenceSpec) else self.specs.get(kind)
        stored = _stored(kind if isinstance(kind, str) else kind.name, spec, payload, glimpse)
        reference = Reference(id=id_of(self.tenant, stored.kind, stored.payload), kind=stored.kind)
        lasts = ttl if spec is None else spec.ttl
        until = None if lasts is None else self.clock() + lasts
        await self._keep(self._key(owner, reference.id), replace(stored, until=until))
        return reference

    async def resolve(self, owner: str, reference: Reference | str) -> Any:
        """The whole value.

        Raises:
            UnknownName: this owner has no such reference, or its time is over.
            StorageError: it cannot be read.
        """
        return (await self._stored(owner, reference)).payload

    async def glimpse(self, owner: str, reference: Reference | str) -> Any:
        """The small view of the value.

        Raises:
            UnknownName, StorageError: as `resolve`.
        """
        return (await self._stored(owner, reference)).glimpse

    async def keep(self, caller: Caller, text: str) -> str:
        """Keep a tool's result that was too long; see `ReferenceStore`."""
        glimpse = {"length": len(text), "beginning": text[:200]}
        return (await self.create(caller.principal, RESULT, text, glimpse=glimpse, ttl=LASTS)).id

    async def text(self, caller: Caller, id: str) -> str:
        """The value as text: of one that is none, its JSON; see `ReferenceStore`."""
        payload = await self.resolve(caller.principal, id)
        return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)

    async def _keep(self, key: Key, stored: Stored) -> None:
        """Keep it, for the longer of the two times where it is there already."""
        record = await self.storage.get(key)
        if record is not None:
            before = Stored.load(record.value, key.id).until
            until = None if before is None or stored.until is None else max(before, stored.until)
            stored = replace(stored, until=until)
        try:
            version = record.version if record else 0
            await self.storage.put(key, stored.dump(), version=version, expires=stored.until)
        except StorageConflict:
            return  # somebody else kept the same value in the same moment

    async def _stored(self, owner: str, reference: Reference | str) -> Stored:
        id = reference if isinstance(reference, str) else reference.id
        record = await self.storage.get(self._key(owner, id))
        if record is None:
            raise UnknownName(f"there is no reference {id!r}, or its time is over")
        return Stored.load(record.value, id)

    def _key(self, owner: str, id: str) -> Key:
        return Key(scope=Scope(tenant=self.tenant, owner=owner), kind="reference", id=id)


def _stored(kind: str, spec: ReferenceSpec | None, payload: Any, glimpse: Any) -> Stored:
    parsed = payload if spec is None else spec.parsed(payload)
    if glimpse is MISSING:
        glimpse = {} if spec is None or spec.glimpse is None else spec.glimpse(parsed)
    return Stored(kind=kind, payload=plain(parsed), glimpse=plain(glimpse))
