"""Keeping secrets, and sheer size, out of what is recorded and shown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

from toolyard_kernel.content import JsonObject

REDACTED = "[redacted]"
LONGEST_TEXT = 256
MOST_ITEMS = 50
DEEPEST = 8


def redact(arguments: JsonObject, secret: frozenset[str]) -> JsonObject:
    """A copy without the values of `secret` fields, at any depth, with long texts and lists cut."""
    return cast("JsonObject", _redact(arguments, secret, DEEPEST))


def field_names_only(arguments: JsonObject) -> JsonObject:
    """For arguments whose schema is unknown or does not fit: which fields were given, and no value."""
    return {str(name)[:LONGEST_TEXT]: REDACTED for name in list(arguments)[:MOST_ITEMS]}


def scrub(text: str, arguments: JsonObject, secret: frozenset[str]) -> str:
    """`text` without any secret value of `arguments` that it repeats."""
    for value in sorted(set(_secret_texts(arguments, secret, within=False)), key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text


def _redact(value: Any, secret: frozenset[str], depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, list):
        items = cast("list[Any]", value)
        kept = [_redact(item, secret, depth - 1) for item in items[:MOST_ITEMS]]
        return kept if len(items) <= MOST_ITEMS else [*kept, f"… ({len(items)} items)"]
    fields = cast("dict[str, Any]", value)
    return {
        name: REDACTED if name in secret else _redact(field, secret, depth - 1)
        for name, field in list(fields.items())[:MOST_ITEMS]
    }


def _secret_texts(value: Any, secret: frozenset[str], *, within: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, field in cast("dict[str, Any]", value).items():
            yield from _secret_texts(field, secret, within=within or name in secret)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _secret_texts(item, secret, within=within)
    elif within and value not in (None, True, False, "", 0, 1):
        yield str(value)
