"""What a Chat Completions provider accepts as a conversation."""

from __future__ import annotations

from collections.abc import Sequence

from toolyard_agents.messages import Message


def complaint(messages: Sequence[Message]) -> str | None:
    """Why a provider would refuse these messages; None when it would not."""
    waiting: list[str] = []
    for at, message in enumerate(messages):
        if message.role == "tool":
            if not waiting or message.tool_call_id != waiting.pop(0):
                return f"message {at} answers {message.tool_call_id}, which is not the next call that waits"
            continue
        if waiting:
            return f"message {at} comes before the answers to {waiting}"
        if message.tool_call_id is not None:
            return f"message {at} of role {message.role} answers a call"
        if message.tool_calls and message.role != "assistant":
            return f"message {at} of role {message.role} asks for calls"
        if not message.content and not message.tool_calls:
            return f"message {at} is empty"
        waiting = [call.id for call in message.tool_calls]
        if len(set(waiting)) < len(waiting) or not all(waiting):
            return f"message {at} has the ids {waiting}"
    return f"{waiting} have no answers" if waiting else None
