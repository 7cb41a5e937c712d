"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, what: str, several: str | None = None) -> str:
    return f"{number} {what if number == 1 else several or f'{what}s'}"
