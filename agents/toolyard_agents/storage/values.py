"""Dataclasses as the records of a storage, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from toolyard_agents.errors import StorageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def dumped(value: DataclassInstance) -> str:
    """The record that holds a dataclass of JSON values."""
    return json.dumps(asdict(value))


def loaded(kept: TypeAdapter[T], text: str, what: str) -> T:
    """What a record holds; `what` says in messages of what it is.

    Raises:
        StorageError: it is damaged.
    """
    try:
        return kept.validate_python(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise StorageError(f"the record of {what} is damaged; delete it") from error
