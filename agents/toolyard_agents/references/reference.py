"""A stored value, and what is told of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from toolyard_agents.storage.values import dumped, loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The name of a stored value. The `id` is made from the tenant, the kind and the value."""

    id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is kept under a reference: JSON values, `until` a time (seconds since the epoch), or for good."""

    kind: str
    payload: Any
    glimpse: Any
    until: float | None = None

    def dump(self) -> str:
        return dumped(self)

    @classmethod
    def load(cls, text: str, id: str) -> Stored:
        """What a storage kept.

        Raises:
            StorageError: it is damaged.
        """
        return loaded(_STORED, text, f"reference {id!r}")


def plain(value: Any) -> Any:
    """The value as JSON has it.

    Raises:
        ValueError: it is none.
    """
    made = to_jsonable_python(value, by_alias=True)
    json.dumps(made, allow_nan=False)
    return made


def id_of(tenant: str, kind: str, payload: Any) -> str:
    """One id for equal values of one kind and tenant."""
    text = json.dumps([tenant, kind, payload], sort_keys=True, separators=(",", ":"))
    return f"ref_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


_STORED = TypeAdapter(Stored)
