"""Values of a database as JSON that keeps what they are."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from toolyard_kernel.content import unicode_of

EXACT = 2**53
"""Integers beyond it are written as text: many readers of JSON would round them."""
DEEPEST = 32


def json_value(value: Any, longest: int, depth: int = DEEPEST) -> Any:
    """`value` as JSON. Texts are cut at `longest` characters; bytes are `0x` and their hexadecimal digits.

    What JSON has no exact word for (a decimal, a date, an infinity, a very large integer) is text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -EXACT < value < EXACT else _cut(_digits(value), longest)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(cast("bytes", value)), longest)
    if isinstance(value, datetime | date | time):
        return value.isoformat(*(" ",) if isinstance(value, datetime) else ())
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, dict) and depth > 0:
        return _object(value, longest, depth - 1)  # pyright: ignore[reportUnknownArgumentType] - of anything
    if isinstance(value, list | tuple) and depth > 0:
        return [json_value(each, longest, depth - 1) for each in cast("list[Any]", value)]
    return _cut(unicode_of(str(cast("object", value))), longest)


def _object(value: dict[Any, Any], longest: int, depth: int) -> dict[str, Any]:
    return {_cut(unicode_of(str(name)), longest): json_value(each, longest, depth) for name, each in value.items()}


def _digits(value: int) -> str:
    return hex(value) if value.bit_length() > EXACT.bit_length() * 64 else str(value)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… [{len(text) - longest} more characters: read them with substr]"


def _bytes(value: bytes, longest: int) -> str:
    most = longest // 2
    if len(value) <= most:
        return f"0x{value.hex()}"
    return f"0x{value[:most].hex()}… [{len(value) - most} more bytes: read them with substr]"
