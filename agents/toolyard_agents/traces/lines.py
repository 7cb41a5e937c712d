"""One event as a line of JSON, whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python


def as_line(fields: Mapping[str, Any]) -> bytes:
    """A line that every reader of JSON can read, with its end: NaN is null, and what is no JSON is told as text."""
    try:
        text = json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps({name: _plain(value) for name, value in fields.items()})
    return text.encode() + b"\n"


def _plain(value: Any) -> Any:
    try:
        plain = to_jsonable_python(value, inf_nan_mode="null", bytes_mode="base64", fallback=_told)
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return _told(value)
    return plain


def _told(value: Any) -> str:
    return f"[{type(value).__name__}: it cannot be written as JSON]"
