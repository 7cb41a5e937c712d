"""Whether anybody traces: then the SDK's path is taken, which tells OpenTelemetry about each message."""

from __future__ import annotations

import sys


def is_traced() -> bool:
    """Whether a tracer provider is installed; it can be at any time, and needs OpenTelemetry to be loaded."""
    trace = sys.modules.get("opentelemetry.trace")
    return trace is not None and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
