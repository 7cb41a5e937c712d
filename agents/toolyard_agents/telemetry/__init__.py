"""Spans of OpenTelemetry, where the program that runs agents and tools has installed a tracer provider."""
