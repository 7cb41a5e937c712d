"""A stored value, and what is told of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from toolyard_agents.errors import StorageError


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
        return json.dumps({"kind": self.kind, "payload": self.payload, "glimpse": self.glimpse, "until": self.until})

    @classmethod
    def load(cls, text: str, id: str) -> Stored:
        """What a storage kept.

        Raises:
            StorageError: it is damaged.
        """
        try:
            return _STORED.validate_python(json.loads(text))
        except (ValueError, ValidationError) as error:
            raise StorageError(f"the record of reference {id!r} is damaged") from error


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
