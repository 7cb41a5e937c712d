"""The model that does what its prompt says, so that real dispatch can be driven without a provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from toolyard_agents.errors import ModelError
from toolyard_agents.messages import Message, ToolRequest
from toolyard_agents.models.model import Finished, ModelRequest, Piece, TextPiece
from toolyard_agents.usage import NOTHING, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    kind: Literal["tool", "text", "error"]
    value: str
    arguments: str = "{}"


class ScriptedModel:
    """Replays the JSON that the last user message consists of.

    That is `{"tool", "arguments"}`, or `{"script": [{"tool", "arguments"} | {"text"} | {"error"}, …]}`. It asks for
    one call in each answer, so that their order holds; texts before a call come with it. The final text is the
    script's last, or else the last tool's result. `error` raises a `ModelError`. Any other prompt is echoed.

    It holds no state: how far it has got is how many tool results follow the prompt.
    """

    name = "scripted"

    async def stream(self, request: ModelRequest) -> AsyncIterator[Piece]:
        prompt, results = _since_the_prompt(request.messages)
        steps = _script(prompt)
        pieces = [TextPiece(prompt)] if steps is None else _answer(steps, results)
        asks = False
        for piece in pieces:
            asks = isinstance(piece, ToolRequest)
            yield piece
        yield Finished(reason="tool_calls" if asks else "stop", usage=NOTHING)

    def cost(self, usage: Usage) -> float:
        return 0.0

    async def aclose(self) -> None:
        """Nothing is open."""


def _since_the_prompt(messages: tuple[Message, ...]) -> tuple[str, list[str]]:
    """The last user message, and the tool results after it."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role == "user":
            return message.content, results[::-1]
        if message.role == "tool":
            results.append(message.content)
    return "", results[::-1]


def _answer(steps: list[_Step], results: list[str]) -> Iterator[Piece]:
    """What comes after as many calls as there are results."""
    calls = [at for at, step in enumerate(steps) if step.kind == "tool"]
    done = min(len(results), len(calls))
    texts: list[str] = []
    for step in steps[calls[done - 1] + 1 if done else 0 :]:
        if step.kind == "text":
            texts.append(step.value)
            continue
        yield from (TextPiece(text) for text in texts)
        if step.kind == "error":
            raise ModelError(step.value)
        yield ToolRequest(id=f"call_{uuid4().hex}", name=step.value, arguments=step.arguments)
        return
    spoken = [step.value for step in steps if step.kind == "text"] or results
    if spoken:
        yield TextPiece(spoken[-1])


def _script(prompt: str) -> list[_Step] | None:
    """The steps that a prompt writes; None if it is no script."""
    try:
        written: Any = json.loads(prompt)
    except (ValueError, RecursionError):
        return None
    match written:
        case {"script": list(), **rest} if not rest:
            steps = [_step(entry) for entry in written["script"]]
            return None if None in steps else [step for step in steps if step]
        case {"tool": _}:
            step = _step(written)
            return [step] if step else None
        case _:
            return None


def _step(entry: Any) -> _Step | None:
    match entry:
        case {"tool": str(name), **rest} if rest.keys() <= {"arguments"}:
            return _Step(kind="tool", value=name, arguments=json.dumps(rest.get("arguments", {})))
        case {"text": str(text), **rest} if not rest:
            return _Step(kind="text", value=text)
        case {"error": str(text), **rest} if not rest:
            return _Step(kind="error", value=text)
        case _:
            return None
