"""What rendering one prompt may cost."""

from __future__ import annotations

import time
from types import BuiltinMethodType, MethodType
from typing import Any, TypeVar

from toolyard_agents.errors import PromptError

LARGEST = 1_000_000
"""Characters of a value, and of a rendered prompt."""
WORK = 20_000_000
"""Characters that all the steps of one rendering may read and make."""
ROUNDS = 100_000
"""Rounds of all the loops of one rendering."""
SECONDS = 2.0

Value = TypeVar("Value")


def weight(value: Any) -> int:
    """How much there is to write of a value: a list that stands in it twice counts twice. Beyond `LARGEST` it stops.

    Raises:
        PromptError: a method is in it.
    """
    total, waiting = 0, [value]
    while waiting and total <= LARGEST:
        one: Any = waiting.pop()
        total += 1
        if isinstance(one, str | range):
            total += len(one)
        elif isinstance(one, BuiltinMethodType | MethodType):
            raise PromptError(f"{one.__name__!r} is a method and no value")
        elif isinstance(one, int):
            total += one.bit_length() // 3
        elif isinstance(one, list | tuple | dict):
            total += len(one)  # pyright: ignore[reportUnknownArgumentType]
            if total <= LARGEST:
                waiting.extend(one)  # pyright: ignore[reportUnknownArgumentType]
                waiting.extend(one.values() if isinstance(one, dict) else ())  # pyright: ignore[reportUnknownArgumentType]
    return total


class Meter:
    """What one rendering has cost so far. Each method raises `PromptError` when it is too much."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._work = 0
        self._rounds = 0
        self._written = 0

    def take(self, value: Value) -> Value:
        """The value, which some step has read or made."""
        self.expect(size := weight(value))
        self._work += size
        if self._work > WORK:
            raise PromptError(f"rendering it takes more than {WORK} characters of work")
        self._in_time()
        return value

    def expect(self, size: int) -> None:
        """A value of this weight is about to be made."""
        if size > LARGEST:
            raise PromptError(f"a value in it is larger than {LARGEST} characters")

    def round(self) -> None:
        """A loop goes round once more."""
        self._rounds += 1
        if self._rounds > ROUNDS:
            raise PromptError(f"its loops go round more than {ROUNDS} times")
        self._in_time()

    def write(self, text: str) -> str:
        """A piece of the rendered prompt."""
        self._written += len(text)
        if self._written > LARGEST:
            raise PromptError(f"it renders to more than {LARGEST} characters")
        self._in_time()
        return text

    def _in_time(self) -> None:
        if time.monotonic() > self._ends:
            raise PromptError(f"rendering it takes longer than {self._seconds:g} seconds")
