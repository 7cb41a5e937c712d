"""Keeping secrets, and sheer size, out of what is recorded and shown."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Protocol, cast

from toolyard_kernel.content import JsonObject

REDACTED = "[redacted]"


class Redaction(Protocol):
    """Takes out what must not be written down, by its looks: fields that are secret are taken out without it."""

    def text(self, text: str) -> str:
        """The text without it."""
        ...

    def value(self, value: Any) -> Any:
        """A copy of a JSON value without it, in the names of fields too."""
        ...


LONGEST_TEXT = 256
MOST_ITEMS = 50
DEEPEST = 8
MOST_BITS = 1024

# Tuples, since `list | tuple` would be made anew for each value of each call.
SEQUENCES = (list, tuple)
HOLDERS = (dict, list, tuple, Mapping)


def redact(arguments: JsonObject, secret: frozenset[str]) -> JsonObject:
    """A copy without the values of `secret` fields, at any depth, with long texts and lists cut."""
    return cast("JsonObject", _redact(arguments, secret, DEEPEST))


def without_secrets(arguments: JsonObject, secret: frozenset[str]) -> JsonObject:
    """A whole copy but for the values of `secret` fields: whoever decides about a call must see all of it."""
    return cast("JsonObject", _masked(arguments, secret))


def field_names_only(arguments: JsonObject) -> JsonObject:
    """For arguments whose schema is unknown or does not fit: which fields were given, and no value."""
    return {str(name)[:LONGEST_TEXT]: REDACTED for name in list(arguments)[:MOST_ITEMS]}


def scrub(text: str, arguments: JsonObject, secret: frozenset[str]) -> str:
    """`text` without any secret value of `arguments` that it repeats."""
    if not secret:
        return text
    for value in sorted(set(_secret_texts(arguments, secret)), key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text


def _redact(value: Any, secret: frozenset[str], depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON has no word for it
    if isinstance(value, int):
        return value if value.bit_length() <= MOST_BITS else f"… (an integer of {value.bit_length()} bits)"
    if value is None:
        return value
    if not isinstance(value, HOLDERS):
        return f"… ({type(value).__name__})"  # how it would write itself is unknown, and may quote a secret
    if depth == 0:
        return "…"
    if isinstance(value, SEQUENCES):
        items = cast("list[Any]", value)
        kept = [_redact(item, secret, depth - 1) for item in items[:MOST_ITEMS]]
        return kept if len(items) <= MOST_ITEMS else [*kept, f"… ({len(items)} items)"]
    fields = cast("Mapping[str, Any]", value)
    told = {
        name: REDACTED if name in secret else _redact(field, secret, depth - 1)
        for name, field in islice(fields.items(), MOST_ITEMS)
    }
    return told if len(fields) <= MOST_ITEMS else {**told, "…": f"({len(fields)} fields)"}


def _masked(value: Any, secret: frozenset[str]) -> Any:
    if isinstance(value, dict | Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: REDACTED if name in secret else _masked(field, secret) for name, field in fields.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, secret) for item in cast("list[Any]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else f"… ({type(value).__name__})"


def _secret_texts(arguments: JsonObject, secret: frozenset[str]) -> Iterator[str]:
    waiting: list[tuple[Any, bool]] = [(arguments, False)]
    seen: dict[tuple[int, bool], Any] = {}  # nothing says that a Python caller's arguments are a tree
    while waiting:
        value, within = waiting.pop()
        if isinstance(value, str | int | float):
            yield from _texts(value) if within else ()
            continue
        key = (id(cast("object", value)), within)
        if key in seen:
            continue
        seen[key] = value
        if isinstance(value, list | tuple):
            waiting.extend((item, within) for item in cast("list[Any]", value))
        elif isinstance(value, dict | Mapping):
            fields = cast("Mapping[str, Any]", value)
            waiting.extend((field, within or name in secret) for name, field in fields.items())


def _texts(value: str | float) -> tuple[str, ...]:
    """How a message may quote a secret value; nothing for one that says nothing, such as true or 1."""
    if isinstance(value, str):
        escaped = (repr(value), json.dumps(value), json.dumps(value, ensure_ascii=False))
        return (value, *(text[1:-1] for text in escaped)) if value else ()
    if value in (0, 1) or (isinstance(value, int) and value.bit_length() > MOST_BITS):
        return ()
    return (str(value),)
