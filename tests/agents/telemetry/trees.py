"""Finished spans as a reader of traces sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def tree_of(spans: InMemorySpanExporter) -> list[str]:
    """The names, each below its parent's and two spaces further in, in the order in which they began."""
    finished = sorted(spans.get_finished_spans(), key=lambda span: span.start_time or 0)
    return _below(None, finished, "")


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    """The one span of that name."""
    (span,) = [span for span in spans.get_finished_spans() if span.name == name]
    return span


def told(spans: InMemorySpanExporter, name: str) -> dict[str, Any]:
    return dict(named(spans, name).attributes or {})


def failure(span: ReadableSpan) -> object:
    """The type of its error; None for a span that did not fail."""
    kind = (span.attributes or {}).get("error.type")
    assert (kind is not None) is (not span.status.is_unset and not span.status.is_ok), "the status says so too"
    assert span.status.description is None
    assert not span.events
    return kind


def _below(parent: int | None, spans: Sequence[ReadableSpan], indent: str) -> list[str]:
    names: list[str] = []
    for span in spans:
        if (span.parent.span_id if span.parent else None) == parent:
            assert span.context
            names += [f"{indent}{span.name}", *_below(span.context.span_id, spans, f"{indent}  ")]
    return names
