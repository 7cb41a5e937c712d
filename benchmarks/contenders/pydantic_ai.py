"""pydantic-ai. It is installed where it is measured and nowhere else, so its names are `Any` here."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks.contenders.contender import ANSWER, TOOL, Plan, calls_of

os.environ["PYDANTIC_AI_NO_BANNER"] = "1"
VERSION = version("pydantic-ai-slim")
ai: Any = import_module("pydantic_ai")
messages: Any = import_module("pydantic_ai.messages")
FunctionModel: Any = import_module("pydantic_ai.models.function").FunctionModel


async def instant(history: list[Any], info: Any) -> Any:
    """Answers at once, as the prompt plans."""
    parts = [part for message in history if message.kind == "request" for part in message.parts]
    prompt = next(part.content for part in parts if part.part_kind == "user-prompt")
    results = sum(part.part_kind == "tool-return" for part in parts)
    calls = calls_of(prompt, results)
    asked = [_call(number) for number in range(results, results + calls)]
    return messages.ModelResponse(parts=asked or [messages.TextPart(ANSWER)])


def _call(number: int) -> Any:
    return messages.ToolCallPart(TOOL, '{"n": 21}', tool_call_id=f"call_{number}")


async def double(n: int) -> int:
    """Double a number."""
    return n * 2


class Peer:
    """A session is the list of the conversation's messages, the least that a program has to keep."""

    name = "pydantic-ai"
    version = VERSION

    def __init__(self) -> None:
        self._agent = ai.Agent(FunctionModel(instant))
        self._agent.tool_plain(double)

    def session(self) -> list[Any]:
        return []

    async def run(self, session: list[Any], plan: Plan) -> str:
        result = await self._agent.run(plan.prompt, message_history=session)
        session[:] = result.all_messages()
        return str(result.output)
