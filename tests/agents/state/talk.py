"""Conversations for tests."""

from __future__ import annotations

from toolyard_agents.messages import ToolRequest
from toolyard_agents.state.state import State


def call(id: str, arguments: str = "{}") -> ToolRequest:
    return ToolRequest(id=id, name="look", arguments=arguments)


def turn(state: State, prompt: str, *rounds: str, answer: str | None = "done") -> None:
    """A prompt, one call for each of the rounds with this result, and the final answer."""
    state.add_user_message(prompt)
    for number, result in enumerate(rounds):
        id = f"{prompt}-{number}"
        state.add_assistant_message("", [call(id)])
        state.add_tool_result(id, result)
    if answer is not None:
        state.add_assistant_message(answer)


def contents(state: State) -> list[str]:
    return [message.content for message in state.get_messages()]
