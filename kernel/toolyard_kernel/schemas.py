"""JSON Schema, compiled once and checked many times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs

from toolyard_kernel.errors import DefinitionError

if TYPE_CHECKING:
    from toolyard_kernel.content import JsonObject

SHOWN_PROBLEMS = 5


class Schema:
    """A compiled JSON Schema 2020-12 with an object at its root. References never leave the document."""

    def __init__(self, document: JsonObject, *, of: str, secret: frozenset[str] = frozenset()) -> None:
        """Compile `document`; `of` says in messages whose schema it is, `secret` names fields never to be quoted.

        Raises:
            DefinitionError: the document is no JSON Schema, or its root is not an object.
        """
        if document.get("type") != "object":
            raise DefinitionError(f'{of} needs "type": "object" at its root; it has {document.get("type")!r}')
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(document, offline=True)
        except ValueError as error:
            raise DefinitionError(f"{of} is not a JSON Schema: {_first_line(error)}") from error
        self.document = document
        self._secret = secret

    def problems(self, value: Any) -> list[str]:
        """What is wrong with `value`, one sentence a field; empty when it fits."""
        try:
            if self._compiled.is_valid(value):
                return []
            return [self._sentence(error) for error in self._compiled.iter_errors(value)]
        except (ValueError, OverflowError) as error:  # not JSON: too deep, a lone surrogate, a key that is no string
            return [f"not valid JSON: {_first_line(error)}"]

    def _sentence(self, error: jsonschema_rs.ValidationError) -> str:
        kind, where = error.kind, ".".join(map(str, error.instance_path))
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            return f"{_joined(where, kind.property)}: required, but missing"
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            return "; ".join(f"{_joined(where, name)}: unknown field" for name in kind.unexpected)
        if self._secret.intersection(map(str, error.instance_path)):
            return f"{where}: does not fit its schema (the value is secret)"
        return f"{where}: {_first_line(error)}" if where else _first_line(error)


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _first_line(error: ValueError | OverflowError) -> str:
    return str(error).partition("\n")[0][:300]


def as_sentence(problems: list[str]) -> str:
    """The first few problems in one line, and how many more there are."""
    more = len(problems) - SHOWN_PROBLEMS
    return "; ".join(problems[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def write_only_fields(document: JsonObject) -> frozenset[str]:
    """Properties, at any depth, that the schema itself calls `writeOnly`, as pydantic does for `SecretStr`."""
    return frozenset(_write_only(document))


def _write_only(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            yield from _write_only(item)
    if not isinstance(node, dict):
        return
    for key, value in cast("dict[str, Any]", node).items():
        if isinstance(value, dict) and cast("dict[str, Any]", value).get("writeOnly") is True:
            yield key
        yield from _write_only(value)
