"""How records write a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 10**9
MILLISECOND = 10**6


def now() -> str:
    """The time in UTC, to the millisecond: `2026-01-31T09:30:00.125+00:00`."""
    seconds, rest = divmod(time.time_ns(), SECOND)
    return f"{_to_the_second(seconds)}.{rest // MILLISECOND:03}+00:00"


@lru_cache(maxsize=1)  # a second has many records, and all but the milliseconds is the same in them
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
