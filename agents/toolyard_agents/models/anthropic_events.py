"""What servers of the Messages API stream, as far as we read it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class StartedBlock(BaseModel):
    """A block as it begins; what we do not read of it goes back with it."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None


class StopDetails(BaseModel):
    explanation: str | None = None


class Delta(BaseModel):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None
    stop_details: StopDetails | None = None


class OutputDetails(BaseModel):
    thinking_tokens: int | None = None


class ReportedUsage(BaseModel):
    """Tokens so far. Those of the cache are not among the input tokens."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None


class StartedMessage(BaseModel):
    model: Any = None
    usage: ReportedUsage | None = None


class ReportedError(BaseModel):
    message: str | None = None


class Event(BaseModel):
    type: str
    index: int = 0
    message: StartedMessage | None = None
    content_block: StartedBlock | None = None
    delta: Delta | None = None
    usage: ReportedUsage | None = None
    error: ReportedError | None = None
