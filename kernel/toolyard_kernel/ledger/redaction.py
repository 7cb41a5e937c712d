"""Keeping secrets, and sheer size, out of what is recorded and shown."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from toolyard_kernel.content import JsonObject

REDACTED = "[redacted]"
LONGEST_TEXT = 256
MOST_ITEMS = 50
DEEPEST = 8
MOST_BITS = 1024


def redact(arguments: JsonObject, secret: frozenset[str]) -> JsonObject:
    """A copy without the values of `secret` fields, at any depth, with long texts and lists cut."""
    return cast("JsonObject", _redact(arguments, secret, DEEPEST))


def field_names_only(arguments: JsonObject) -> JsonObject:
    """For arguments whose schema is unknown or does not fit: which fields were given, and no value."""
    return {str(name)[:LONGEST_TEXT]: REDACTED for name in list(arguments)[:MOST_ITEMS]}


def scrub(text: str, arguments: JsonObject, secret: frozenset[str]) -> str:
    """`text` without any secret value of `arguments` that it repeats."""
    if not secret:
        return text
    for value in sorted(set(_secret_texts(arguments, secret, within=False)), key=len, reverse=True):
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
    if not isinstance(value, dict | list | tuple | Mapping):
        return f"… ({type(value).__name__})"  # how it would write itself is unknown, and may quote a secret
    if depth == 0:
        return "…"
    if isinstance(value, list | tuple):
        items = cast("list[Any]", value)
        kept = [_redact(item, secret, depth - 1) for item in items[:MOST_ITEMS]]
        return kept if len(items) <= MOST_ITEMS else [*kept, f"… ({len(items)} items)"]
    fields = cast("Mapping[str, Any]", value)
    return {
        name: REDACTED if name in secret else _redact(field, secret, depth - 1)
        for name, field in list(fields.items())[:MOST_ITEMS]
    }


def _written(text: str) -> tuple[str, ...]:
    """How a message may quote `text`."""
    return text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]


def _secret_texts(value: Any, secret: frozenset[str], *, within: bool) -> Iterator[str]:
    if isinstance(value, dict | Mapping):
        for name, field in cast("Mapping[str, Any]", value).items():
            yield from _secret_texts(field, secret, within=within or name in secret)
    elif isinstance(value, list | tuple):
        for item in cast("list[Any]", value):
            yield from _secret_texts(item, secret, within=within)
    elif within and isinstance(value, str):
        yield from filter(None, _written(value))
    elif within and isinstance(value, int | float) and value not in (True, False):
        yield from () if isinstance(value, int) and value.bit_length() > MOST_BITS else (str(value),)
