"""Seeing calls from outside, from their arrival to their outcome."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.tools.registry import Registry


class Observer(Protocol):
    """Sees each call of a gate, and changes none."""

    def __call__(
        self, call: ToolCall, registry: Registry, made: Coroutine[Any, Any, Outcome], /
    ) -> Coroutine[Any, Any, Outcome]:
        """`made`, which is the call itself, or a coroutine that awaits it and comes to the same."""
        ...
