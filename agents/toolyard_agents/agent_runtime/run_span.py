"""A run as a span of OpenTelemetry, named after its semantic conventions for generative AI.

Without an SDK in the process, the API makes spans of nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.trace import Span, StatusCode
from opentelemetry.util.types import AttributeValue

from toolyard_agents.results import RunResult

OPERATION = "invoke_agent"
SCOPE = "toolyard"
"""Who made the span, and what our own attributes begin with."""

Attributes = dict[str, AttributeValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpan:
    """The span of one run, while it goes on."""

    span: Span

    def end(self, result: RunResult) -> None:
        """Tell how the run ended."""
        self.span.set_attributes(_of_result(result))
        if result.status == "error":
            self.span.set_attribute("error.type", result.stop_reason)
            self.span.set_status(StatusCode.ERROR, result.reason)


@contextmanager
def run_span(agent: str, model: str, own: Attributes) -> Generator[RunSpan]:
    """The current span until the run is over. `own` are attributes by their names after `toolyard.`."""
    attributes: Attributes = {
        "gen_ai.operation.name": OPERATION,
        "gen_ai.agent.name": agent,
        "gen_ai.request.model": model,
        "gen_ai.conversation.id": own["session_id"],
        **_prefixed(own),
    }
    with trace.get_tracer(SCOPE).start_as_current_span(f"{OPERATION} {agent}", attributes=attributes) as span:
        try:
            yield RunSpan(span=span)
        except asyncio.CancelledError:
            span.set_attributes(_prefixed({"status": "cancelled", "stop_reason": "cancelled"}))
            raise


def _of_result(result: RunResult) -> Attributes:
    own: Attributes = {"run_id": result.run_id, "status": result.status, "stop_reason": result.stop_reason}
    if result.cost is not None:
        own["cost"] = result.cost
    return {
        "gen_ai.usage.input_tokens": result.used.input_tokens,
        "gen_ai.usage.output_tokens": result.used.output_tokens,
        **_prefixed(own),
    }


def _prefixed(own: Attributes) -> Attributes:
    return {f"{SCOPE}.{name}": value for name, value in own.items()}
