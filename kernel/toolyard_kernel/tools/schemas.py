"""JSON Schema, compiled once and checked many times."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import jsonschema_rs

from toolyard_kernel.errors import DefinitionError

if TYPE_CHECKING:
    from toolyard_kernel.content import JsonObject

SHOWN_PROBLEMS = 5
LONGEST_PROBLEM = 300


class Schema:
    """A compiled JSON Schema 2020-12 with an object at its root. References never leave the document."""

    def __init__(self, document: JsonObject, *, of: str, secret: frozenset[str] = frozenset()) -> None:
        """Compile `document`; `of` says in messages whose schema it is, with `secret` fields no value is quoted.

        Raises:
            DefinitionError: the document is no JSON Schema, or its root is not an object.
        """
        if document.get("type") != "object":
            raise DefinitionError(f'{of} needs "type": "object" at its root; it has {document.get("type")!r}')
        mask = "the value" if secret else None  # a message about a field that holds a secret one quotes that too
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(document, offline=True, mask=mask)
            json.dumps(document, allow_nan=False)  # one NaN would make the whole list unreadable for most clients
        except ValueError as error:
            raise DefinitionError(f"{of} is not a JSON Schema: {_first_line(error)}") from error
        self.document = document

    def problems(self, value: Any) -> list[str]:
        """What is wrong with `value`, one sentence a field; empty when it fits."""
        try:
            if self._compiled.is_valid(value):
                return []
            return [_cut(text) for error in self._compiled.iter_errors(value) for text in self._sentences(error)]
        except (ValueError, OverflowError) as error:  # not JSON: too deep, a lone surrogate, a key that is no string
            return [f"not valid JSON: {_first_line(error)}"]

    def _sentences(self, error: jsonschema_rs.ValidationError) -> Iterator[str]:
        kind, where = error.kind, ".".join(map(str, error.instance_path))
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            yield f"{_joined(where, kind.property)}: required, but missing"
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            yield from (f"{_joined(where, name)}: unknown field" for name in kind.unexpected)
        else:
            yield f"{where}: {_first_line(error)}" if where else _first_line(error)


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _first_line(error: ValueError | OverflowError) -> str:
    return _cut(str(error).partition("\n")[0])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_PROBLEM else f"{text[:LONGEST_PROBLEM]}…"


def as_sentence(problems: list[str]) -> str:
    """The first few problems in one line, and how many more there are."""
    more = len(problems) - SHOWN_PROBLEMS
    return "; ".join(problems[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")


def write_only_fields(document: JsonObject) -> frozenset[str]:
    """Properties, at any depth, that the schema itself calls `writeOnly`, as pydantic does for `SecretStr`.

    A property counts whose value is, may be or holds such a one: in a union, a list, a mapping or behind a `$ref`.
    """
    properties = (node.get("properties") for node in _nodes(document, document))
    return frozenset(
        name
        for named in properties
        if isinstance(named, dict)
        for name, below in cast("JsonObject", named).items()
        if any(node.get("writeOnly") is True for node in _nodes(below, document, beside={"properties", "$defs"}))
    )


def _nodes(start: Any, document: JsonObject, *, beside: Collection[str] = ()) -> Iterator[JsonObject]:
    """Every object below `start` and behind its references, once each, without what the keys in `beside` hold."""
    waiting, seen = [start], set[int]()
    while waiting:
        node: Any = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting.extend(cast("Sequence[Any]", node))
        elif isinstance(node, dict):
            fields = cast("JsonObject", node)
            yield fields
            waiting.extend(value for key, value in fields.items() if key not in beside)
            waiting.append(_referred(fields.get("$ref"), document))


def _referred(reference: Any, document: JsonObject) -> Any:
    """What a reference such as `#/$defs/Login` points at; None when it points elsewhere, or nowhere."""
    name = reference.removeprefix("#/$defs/") if isinstance(reference, str) else None
    definitions = document.get("$defs")
    return cast("JsonObject", definitions).get(name or "") if isinstance(definitions, dict) else None
