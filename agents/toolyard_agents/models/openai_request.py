"""A question as Chat Completions writes it."""

from __future__ import annotations

from typing import Any, cast

from toolyard_agents.models.model import ModelRequest, OfferedTool


def body_of(model_name: str, request: ModelRequest) -> dict[str, Any]:
    """The body of the request. What is not set stays with the provider, and is not sent."""
    body: dict[str, Any] = {
        "model": model_name,
        "messages": [message.to_dict() for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        body["tools"] = [_function(tool) for tool in request.tools]
    settings = request.settings
    optional = {
        "reasoning_effort": settings.reasoning_effort,
        "service_tier": settings.service_tier,
        "response_format": settings.response_format,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    return cast("dict[str, Any]", _unicode(body))


def _function(tool: OfferedTool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _unicode(value: Any) -> Any:
    """The value with a mark in place of every half of a surrogate pair, which file names have and UTF-8 cannot."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {key: _unicode(item) for key, item in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [_unicode(item) for item in cast("list[Any]", value)]
        case _:
            return value
