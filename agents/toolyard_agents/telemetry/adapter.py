"""The one file that makes spans: the API of OpenTelemetry, in whose process a provider is installed.

Spans that cannot be made or handed on are logged, and what they would have told of goes on without them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from toolyard_agents.telemetry.operation import SCOPE, Ending, Operation, own

T = TypeVar("T")
CANCELLED = "cancelled"

log = logging.getLogger("toolyard")


async def in_span(operation: Operation[T], made: Coroutine[Any, Any, T]) -> T:
    """What `made` comes to; what it does meanwhile are the span's children."""
    span = _quietly(lambda: _begun(operation))
    if span is None:
        return await made
    with _current(span):
        result = await made
        _quietly(lambda: _tell(span, operation.ended(result)))
        return result


def _begun(operation: Operation[Any]) -> Span:
    kind = SpanKind.CLIENT if operation.remote else SpanKind.INTERNAL
    return trace.get_tracer(SCOPE).start_span(operation.name, kind=kind, attributes=operation.attributes)


@contextmanager
def _current(span: Span) -> Generator[None]:
    """The span is the current one, and ends however the block is left."""
    token = context.attach(trace.set_span_in_context(span))
    try:
        yield
    except asyncio.CancelledError:
        _quietly(lambda: _tell(span, Ending(own({"status": CANCELLED}), CANCELLED)))
        raise
    except BaseException as error:
        kind = type(error).__qualname__
        _quietly(lambda: _tell(span, Ending({}, kind)))
        raise
    finally:
        context.detach(token)
        _quietly(span.end)


def _tell(span: Span, ending: Ending) -> None:
    span.set_attributes(dict(ending.attributes))
    if ending.error is not None:
        span.set_attribute("error.type", ending.error)
        span.set_status(StatusCode.ERROR)


def _quietly(act: Callable[[], T]) -> T | None:
    try:
        return act()
    except Exception:
        log.exception("OpenTelemetry failed; the span is lost")
        return None
