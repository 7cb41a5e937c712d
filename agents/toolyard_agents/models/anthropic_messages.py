"""A conversation as the Messages API writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.anthropic_names import WireNames, wire_id
from toolyard_agents.models.anthropic_thoughts import Content, Thoughts, further

UNREADABLE = "INVALID_JSON"
"""The key under which arguments that were no JSON object go back, since the input of a call must be one."""


def system_of(messages: Iterable[Message]) -> str:
    """All that the system says: it has one place of its own."""
    return "\n\n".join(message.content for message in messages if message.role == "system" and _says(message.content))


def turns_of(messages: Sequence[Message], names: WireNames, thoughts: Thoughts) -> list[dict[str, Any]]:
    """The turns of user and assistant, one after the other; results of calls are the user's, and stand first."""
    turns: list[dict[str, Any]] = []
    trail = 0
    for message in messages:
        content = thoughts.find(trail, message) or _content(message, names)
        trail = further(trail, message)
        role = "assistant" if message.role == "assistant" else "user"
        if content and turns and turns[-1]["role"] == role:
            turns[-1]["content"] = _in_order([*turns[-1]["content"], *content])
        elif content:
            turns.append({"role": role, "content": content})
    return turns


def called(call: ToolRequest, names: WireNames) -> dict[str, Any]:
    """A call of a tool."""
    name = names.by_tool.get(call.name, call.name)
    return {"type": "tool_use", "id": wire_id(call.id), "name": name, "input": _input(call.arguments)}


def _content(message: Message, names: WireNames) -> Content:
    if message.role == "system":
        return []
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": wire_id(message.tool_call_id or ""), "content": message.content}]
    text: Content = [{"type": "text", "text": message.content}] if _says(message.content) else []
    return text + [called(call, names) for call in message.tool_calls]


def _in_order(content: Content) -> Content:
    return sorted(content, key=lambda block: block["type"] != "tool_result") if _has_results(content) else content


def _has_results(content: Content) -> bool:
    return any(block["type"] == "tool_result" for block in content)


def _says(text: str) -> bool:
    """Whether it is more than white space, which is refused."""
    return bool(text.strip())


def _input(arguments: str) -> dict[str, Any]:
    try:
        read = json.loads(arguments)
    except (ValueError, RecursionError):
        read = None
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {UNREADABLE: arguments}
