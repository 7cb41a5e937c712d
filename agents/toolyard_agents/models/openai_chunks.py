"""What Chat Completions servers stream, as far as we read it: no two of them fill in the same fields."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Function(BaseModel):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class CallDelta(BaseModel):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Delta(BaseModel):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    tool_calls: list[CallDelta] | None = None


class Choice(BaseModel):
    index: int | None = None
    delta: Delta | None = None
    finish_reason: str | None = None


class InputDetails(BaseModel):
    cached_tokens: int | None = None


class OutputDetails(BaseModel):
    reasoning_tokens: int | None = None


class ReportedUsage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None


class Chunk(BaseModel):
    choices: list[Choice] | None = None
    usage: ReportedUsage | None = None
    service_tier: str | None = None
    model: Any = None
