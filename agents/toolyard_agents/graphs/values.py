"""The state of a graph: what it may hold, and how what nodes wrote becomes part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import to_jsonable_python

from toolyard_agents.errors import GraphError
from toolyard_agents.graphs.nodes import Reducer, Values
from toolyard_kernel.tools.model_schemas import sentence_of

PROMPT = "prompt"
"""The key that holds what the run was asked."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys that a state may have, and what each may hold."""

    fields: Mapping[str, TypeAdapter[Any]]

    def checked(self, key: str, value: Any, writer: str) -> Any:
        """The value as the key's type has it.

        Raises:
            GraphError: there is no such key, or the value does not fit.
        """
        if key not in self.fields:
            raise GraphError(f"{writer} wrote {key!r}, and the state has only {', '.join(self.fields)}")
        try:
            return self.fields[key].validate_python(value)
        except ValidationError as error:
            raise GraphError(f"{writer} wrote {key!r}: {sentence_of(error)}") from error


def shape_of(state: type[Any]) -> Shape:
    """The shape that a TypedDict, dataclass or pydantic model says.

    Raises:
        GraphError: it says none.
    """
    try:
        hints = get_type_hints(state, include_extras=True)
        if not hints:
            raise TypeError("it names no fields")  # noqa: TRY301 - as whatever else is no such type
        fields = {PROMPT: TypeAdapter[Any](str), **{key: TypeAdapter[Any](kind) for key, kind in hints.items()}}
    except (TypeError, NameError, PydanticUserError) as error:
        raise GraphError(f"state={state!r}: expected a TypedDict, a dataclass or a pydantic model: {error}") from error
    return Shape(fields)


def merged(
    values: Values, written: Sequence[tuple[str, Values]], reducers: Mapping[str, Reducer], shape: Shape | None
) -> dict[str, Any]:
    """The state after nodes that ran at once wrote to it, in this order.

    Raises:
        GraphError: two wrote to a key without a reducer, a reducer failed, or a value does not fit.
    """
    new, writers = dict(values), dict[str, str]()
    for name, update in written:
        for key, value in update.items():
            reducer = reducers.get(key)
            if reducer is None and key in writers:
                raise GraphError(f"nodes {writers[key]!r} and {name!r} wrote to {key!r} at once; give it a reducer")
            writers[key] = name
            kept = value if reducer is None else _reduced(reducer, key, new.get(key), value)
            new[key] = kept if shape is None else shape.checked(key, kept, f"node {name!r}")
    return new


def as_json(value: Any) -> str | None:
    """The value as JSON, if reading it back gives the same."""
    try:
        text = json.dumps(value, allow_nan=False)
        return text if json.loads(text) == value else None
    except (TypeError, ValueError, RecursionError):
        return None


def as_told(values: Values, *, ascii: bool = False) -> str:
    """The values as JSON for whoever reads them: what is none is told as text."""
    try:
        return json.dumps(dict(values), default=str, ensure_ascii=ascii)
    except Exception:  # noqa: BLE001 - a value may raise anything when it is asked what it says
        return json.dumps({key: _plain(value) for key, value in values.items()}, ensure_ascii=ascii)


def _plain(value: Any) -> Any:
    try:
        return to_jsonable_python(value, fallback=_told)
    except (ValueError, RecursionError):  # it holds itself
        return _told(value)


def _told(value: Any) -> str:
    return f"[{type(value).__name__}]"


def copied(values: Values) -> Values:
    """Values of their own for each run, where they are JSON; what is none cannot be copied safely."""
    text = as_json(dict(values))
    return values if text is None else json.loads(text)


def _reduced(reducer: Reducer, key: str, old: Any, new: Any) -> Any:
    try:
        return reducer(old, new)
    except Exception as error:
        raise GraphError(f"the reducer of {key!r} failed: {type(error).__name__}: {error}") from error
