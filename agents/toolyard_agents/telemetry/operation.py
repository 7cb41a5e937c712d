"""What a span tells of, and whether anybody is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Value = str | bool | int | float | tuple[str, ...]
Attributes = Mapping[str, Value]
"""By their names. None holds what anybody said: no prompt, no answer, no argument, no result, no words of an error."""

SCOPE = "toolyard"
"""Who makes the spans, and what our own attributes begin with."""

_silent: ContextVar[bool] = ContextVar("toolyard_silent", default=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended; `error` is the type of its error, if it failed."""

    attributes: Attributes
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """What a span is about. `ended` says what the result adds to it; `remote` that somebody else's server does it."""

    name: str
    attributes: Attributes
    ended: Callable[[T], Ending]
    remote: bool = False


def is_heard() -> bool:
    """Whether the program has a tracer provider now: it may install one late, so this is asked each time.

    What is not imported is not installed. OpenTelemetry's own stand-ins make spans that nobody hears of.
    One that is only named in the environment is there once anybody has asked OpenTelemetry for it.
    """
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None or getattr(api, "_TRACER_PROVIDER", api) is None:  # asking the API takes 4 µs, a call takes 55
        return False
    if not hasattr(api, "get_tracer_provider") or _silent.get():  # another thread is importing it right now
        return False
    return not isinstance(api.get_tracer_provider(), (api.ProxyTracerProvider, api.NoOpTracerProvider))


def spanned(operation: Operation[T], made: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
    """What `made` comes to, in a span of its own. Only to be asked for where `is_heard`."""
    from toolyard_agents.telemetry.adapter import in_span  # noqa: PLC0415 - OpenTelemetry takes 40 ms

    return in_span(operation, made)


@contextmanager
def silence() -> Generator[None]:
    """No spans meanwhile: what is played again did not happen."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def own(attributes: Attributes) -> dict[str, Value]:
    """Attributes that no convention names."""
    return {f"{SCOPE}.{name}": value for name, value in attributes.items()}


def known(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    """Those whose value is known."""
    return {name: value for name, value in attributes.items() if value is not None}
