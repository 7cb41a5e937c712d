"""Lengths of time as people write them: `300s`, `5m`, `1h`, or a number of seconds."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")


def parse_duration(value: Any) -> float:
    """Seconds, more than zero."""
    match = WRITTEN.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    seconds = float(match[1]) * UNITS[match[2] or "s"] if match else math.nan
    if not 0 < seconds < math.inf:
        raise ValueError("expected a length of time such as 300s, 5m or 1h, longer than zero")
    return seconds


def write_duration(seconds: float) -> str:
    return f"{Decimal(repr(seconds)).normalize():f}s"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "examples": ["300s", "5m", "1h", 30]}),
]
