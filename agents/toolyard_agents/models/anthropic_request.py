"""A question as the Messages API writes it."""

from __future__ import annotations

import json
from typing import Any, cast

from toolyard_agents.errors import ModelRefused
from toolyard_agents.models.anthropic_messages import system_of, turns_of
from toolyard_agents.models.anthropic_names import WireNames
from toolyard_agents.models.anthropic_thoughts import Thoughts
from toolyard_agents.models.model import ModelRequest, ModelSettings, OfferedTool

EFFORTS = ("low", "medium", "high", "xhigh", "max")
TIERS = {"auto": "auto", "default": "standard_only", "standard": "standard_only", "standard_only": "standard_only"}
MOST_TOKENS = 32_000
"""How long an answer of Claude may be, thoughts included; the smallest of its fourth generation can write as much."""
MOST_TOKENS_OF_OTHERS = 8_192


def body_of(model_name: str, request: ModelRequest, names: WireNames, thoughts: Thoughts) -> dict[str, Any]:
    """The body of the request. What is not set stays with the provider, and is not sent.

    Raises:
        ModelRefused: a setting has no equivalent, or there is nothing to answer.
    """
    turns = turns_of(request.messages, names, thoughts)
    if not turns:
        raise ModelRefused("there is nothing to answer: no message but the system's has a text")
    body: dict[str, Any] = {
        "model": model_name,
        "max_tokens": _most_tokens(model_name),
        "messages": turns,
        "stream": True,
        **_settings(request.settings),
    }
    if system := system_of(request.messages):
        body["system"] = system
    if request.tools:
        body["tools"] = [_tool(tool, names) for tool in request.tools]
    elif names.by_wire:  # what was called has to be declared, also where nothing can be called any more
        body["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in names.by_wire]
        body["tool_choice"] = {"type": "none"}
    return _unicode(body)


def _most_tokens(model_name: str) -> int:
    current = model_name.startswith("claude-") and not model_name.startswith("claude-3")
    return MOST_TOKENS if current else MOST_TOKENS_OF_OTHERS


def _tool(tool: OfferedTool, names: WireNames) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": names.by_tool[tool.name], **described, "input_schema": {"type": "object", **tool.parameters}}


def _settings(settings: ModelSettings) -> dict[str, Any]:
    body, output = dict[str, Any](), dict[str, Any]()
    effort, tier = settings.reasoning_effort, settings.service_tier
    if effort == "none":
        body["thinking"] = {"type": "disabled"}
    elif effort in EFFORTS:
        output["effort"] = effort
    elif effort is not None:
        raise ModelRefused(f"reasoning_effort: {effort!r} is none of Anthropic's; expected none, {', '.join(EFFORTS)}")
    if tier is not None:
        if tier not in TIERS:
            raise ModelRefused(f"service_tier: {tier!r} is none of Anthropic's; expected {', '.join(TIERS)}")
        body["service_tier"] = TIERS[tier]
    if (form := _format(settings.response_format)) is not None:
        output["format"] = form
    return body | ({"output_config": output} if output else {})


def _format(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """The form of the answer, which comes as Chat Completions or as the Messages API writes it."""
    if given is None or given.get("type") == "text":
        return None
    named = given.get("json_schema")
    schema = cast("dict[str, Any]", named).get("schema") if isinstance(named, dict) else given.get("schema")
    if given.get("type") != "json_schema" or not isinstance(schema, dict):
        raise ModelRefused(
            f"response_format: {json.dumps(given.get('type'), default=str)} has no equivalent at Anthropic; "
            "expected text, or json_schema with a schema"
        )
    return {"type": "json_schema", "schema": cast("dict[str, Any]", schema)}


def _unicode(body: dict[str, Any]) -> dict[str, Any]:
    """The body with a mark in place of every half of a surrogate pair, which file names have and UTF-8 cannot."""
    return cast("dict[str, Any]", json.loads(json.dumps(body, ensure_ascii=False).encode(errors="replace")))
